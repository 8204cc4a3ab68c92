"""What was sealed goes into a backup with the key, and a restored log goes on from it."""

import json
import shutil
from pathlib import Path

import pytest

from services.cli.main import main
from tests.harness.world import World, met
from tests.unit.cli.test_backup import made, manifest_of, mode, restored


def sealed(world: World) -> str:
    """Seal the log as a process does, and return the last checkpoint."""
    components = world.components
    sealer = components.sealer()
    with components.checkpoints.lease("sealer", 1) as held:
        sealing = sealer.begin()
        sealer.read(sealing)
        sealer.seal(sealing, held, rest=True)
    last = components.tree_heads.last()
    assert last
    return last.note


def test_what_was_sealed_is_sealed_after_a_restore_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = World(tmp_path / "live")
    world.send("IdentifyPerson", met("p-1"))
    before = sealed(world)
    backup = made(tmp_path / "backup", tmp_path / "live")
    assert {file.name: mode(file) for file in backup.iterdir()}["seal_key"] == 0o600
    again = restored(backup, tmp_path / "new")
    assert mode(tmp_path / "new" / "seal_key") == 0o600
    kept = tmp_path / "kept.txt"
    kept.write_text(before)
    assert sealed(again) != before
    capsys.readouterr()
    assert main(["verify", "--data", str(tmp_path / "new"), "--checkpoint", str(kept)]) == 0, capsys.readouterr()


def test_the_events_that_are_not_sealed_yet_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = World(tmp_path)
    size = int(sealed(world).splitlines()[1])
    for told in (
        "every event is sealed.",
        f"event number {size + 1} is not sealed yet.",
        f"events number {size + 1} to {size + 2} are not sealed yet.",
    ):
        capsys.readouterr()
        assert main(["verify", "--data", str(tmp_path)]) == 0
        assert told in capsys.readouterr().err
        world.meet()


def test_a_backup_of_a_sealed_log_is_not_made_without_the_key_and_not_restored_beside_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path / "live")
    world.send("IdentifyPerson", met("p-1"))
    sealed(world)
    backup = made(tmp_path / "backup", tmp_path / "live")
    (tmp_path / "new").mkdir()
    other = World(tmp_path / "other").components.settings.keys.seal
    World(tmp_path / "other").components.sealer()
    shutil.copy(other, tmp_path / "new" / "seal_key")
    assert main(["restore", str(backup), "--data", str(tmp_path / "new")]) == 2
    assert "PARCOURS_SEAL_KEY" in capsys.readouterr().err
    (tmp_path / "live" / "seal_key").unlink()
    assert main(["backup", str(tmp_path / "second"), "--data", str(tmp_path / "live")]) == 2
    assert "PARCOURS_SEAL_KEY" in capsys.readouterr().err
    assert not (tmp_path / "second").exists()


def test_a_backup_of_a_release_that_sealed_nothing_is_restored(tmp_path: Path) -> None:
    """It is of format 1, and has no tree heads, nor what consumers have applied."""
    world = World(tmp_path / "live")
    world.send("IdentifyPerson", met("p-1"))
    backup = made(tmp_path / "backup", tmp_path / "live")
    since = ("tree_heads.ndjson", "coverage.ndjson")
    for name in since:
        (backup / name).unlink()
    manifest = manifest_of(backup)
    manifest["parts"] = [part for part in manifest["parts"] if part["file"] not in since]
    (backup / "manifest.json").write_text(json.dumps(manifest))
    assert main(["backup", "--verify", str(backup)]) == 1  # one of this format must have them
    (backup / "manifest.json").write_text(json.dumps(manifest | {"format": 1}))
    assert restored(backup, tmp_path / "new").components.tree_heads.last() is None
