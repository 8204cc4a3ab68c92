"""Every key has a folder of its own, as it has in docker-compose.yml."""

from pathlib import Path

import pytest


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Every key has a folder of its own, as it has in docker-compose.yml."""
    places = {
        "PARCOURS_KEYS": "gateway/keys",
        "PARCOURS_SIGNING_KEY": "gateway/signing.pem",
        "PARCOURS_PUBLIC_KEYS": "public/keys.json",
        "PARCOURS_SEAL_KEY": "relay/key",
        "PARCOURS_KEY_ENCRYPTION_KEY": "persons/key",
        "PARCOURS_SURVEY_KEY": "coaching/key",
        "PARCOURS_WEBHOOK_KEY": "webhooks/key",
    }
    given = {name: str(tmp_path / place) for name, place in places.items()}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return given
