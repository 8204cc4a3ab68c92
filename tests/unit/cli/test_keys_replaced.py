"""The key that signs is replaced while everything works, by whoever may, and only where there is one."""

import os
import stat
from pathlib import Path

import pytest

from services.bootstrap.identity_files import IdentityFiles
from tests.unit.cli.key_places import files, run


@pytest.mark.parametrize("action", ["prepare", "rotate"])
def test_a_pair_of_keys_that_was_never_made_is_not_replaced(tmp_path: Path, environ: dict[str, str], action: str) -> None:
    """Else whoever replaces it might make one in another place than that where gateways look."""
    assert run(tmp_path, "keys", action) == 2
    assert [path for path in files(environ).files() if path.exists()] == []


def test_the_key_that_signs_is_replaced_and_the_one_before_is_known_until_it_is_dropped(
    tmp_path: Path, environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, "keys", "make")
    keys = IdentityFiles(files(environ))
    first = keys.signing_key().kid
    assert run(tmp_path, "keys", "prepare") == run(tmp_path, "keys", "prepare") == 0
    assert keys.signing_key().kid == first, "a key that is prepared does not sign"
    capsys.readouterr()
    run(tmp_path, "keys", "list")
    listed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [(line[0] == first, line[2:]) for line in listed] == [(True, ["signs"]), (False, ["is", "prepared"])]
    assert run(tmp_path, "keys", "rotate") == 0
    second = keys.signing_key().kid
    assert [key.kid for key in keys.public_keys().keys] == [first, second]
    run(tmp_path, "keys", "rotate")
    third = keys.signing_key().kid
    assert [key.kid for key in keys.public_keys().keys] == [second, third], "none is known that signed before the one before"
    run(tmp_path, "keys", "drop")
    assert [key.kid for key in keys.public_keys().keys] == [third]
    assert stat.S_IMODE(Path(environ["PARCOURS_SIGNING_KEY"]).stat().st_mode) == 0o600
    assert {path.name for path in (tmp_path / "gateway").iterdir()} == {"keys", "signing.pem"}


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_what_takes_the_place_of_a_key_belongs_to_whoever_it_belonged_to(tmp_path: Path, environ: dict[str, str]) -> None:
    """An administrator replaces the key of a gateway, which runs as somebody else."""
    run(tmp_path, "keys", "make")
    for path in (files(environ).signing, files(environ).public):
        os.chown(path, 12345, 12345)
    run(tmp_path, "keys", "rotate")
    assert [path.stat().st_uid for path in (files(environ).signing, files(environ).public)] == [12345, 12345]
