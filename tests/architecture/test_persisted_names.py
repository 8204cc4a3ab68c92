"""Nothing is persisted under a new name by accident: names in logs, databases and brokers are those that a release has written."""

from pathlib import Path

import msgspec
import pytest

from tests.architecture.persisted_names import FILE, lost, persisted_names

WRITTEN = msgspec.json.decode(FILE.read_bytes())


@pytest.mark.parametrize("what", WRITTEN)
def test_what_is_persisted_keeps_its_name(what: str, tmp_path: Path) -> None:
    """A name may be added, never changed or taken away. `release` differs until the names of the release are written."""
    found = msgspec.json.decode(msgspec.json.encode(persisted_names(tmp_path)))
    assert lost(WRITTEN[what], found[what]) == []


@pytest.mark.parametrize(
    ("found", "losses"),
    [
        ({"a": {"b": "c"}}, []),
        ({"a": {"b": "c", "new": "d"}, "other": 1}, []),
        ({"a": {"b": "x"}}, ["/a/b: 'c' is now 'x'"]),
        ({"a": {}}, ["/a/b: 'c' is now None"]),
        ({}, ["/a: {'b': 'c'} is now None"]),
    ],
)
def test_a_change_is_noticed_and_an_addition_is_none(found: object, losses: list[str]) -> None:
    assert lost({"a": {"b": "c"}}, found) == losses


@pytest.mark.parametrize(
    ("written", "found", "is_loss"),
    [
        ("urn:parcours:intake.X:1", "urn:parcours:intake.X:2", False),
        ("urn:parcours:intake.X:9", "urn:parcours:intake.X:10", False),
        ("urn:parcours:intake.X:2", "urn:parcours:intake.X:1", True),
        ("urn:parcours:intake.X:1", "urn:parcours:intake.Y:2", True),
        ("urn:parcours:intake.X:1", "urn:parcours:intake.X:", True),
    ],
)
def test_a_schema_may_only_become_a_later_version_of_itself(written: str, found: str, is_loss: bool) -> None:
    assert bool(lost({"dataschema": written}, {"dataschema": found})) is is_loss
