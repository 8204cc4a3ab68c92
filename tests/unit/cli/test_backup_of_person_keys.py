"""A backup holds the keys of persons as they are stored, and not the key that wraps them: alone it tells nobody's name."""

import gzip
import json
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from uuid import uuid4

import msgspec
import pytest

from services.cli.main import main
from shared.errors import Misconfigured
from shared.message import decode_event
from shared.trust.personal.marks import Personal
from tests.harness.world import World, met
from tests.unit.cli.test_backup import KEY_ENCRYPTION_KEY, carry_key, made, restored

NAME = "Xylophage"


def with_names(folder: Path, *persons: str) -> World:
    world = World(folder)
    for person in persons:
        world.send("IdentifyPerson", met(person))
        world.send("GiveNotice", {"person": person, "version": 1, "mode": "ORAL"})
        world.send("RecordIdentity", {"person": person, "given_name": "Awa", "family_name": NAME})
    world.components.key_projector().catch_up()
    return world


def names(world: World) -> list[str]:
    opening, events = world.components.personal.opening, world.components.store.read_all(0)
    recorded = [event for event in events if event.kind == "intake.IdentityRecorded"]
    opened = [opening.opened(event.kind, str(event.id), msgspec.json.decode(event.data), {Personal.IDENTITY}) for event in recorded]
    return [data["family_name"] for data in opened if isinstance(data["family_name"], str)]


def test_no_file_of_a_backup_has_a_name_or_the_key_that_wraps(tmp_path: Path) -> None:
    with_names(tmp_path / "live", "p-1")
    backup = made(tmp_path / "backup", tmp_path / "live")
    key = (tmp_path / "live" / KEY_ENCRYPTION_KEY).read_bytes()
    for file in backup.iterdir():
        content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        assert NAME.encode() not in content, file
        assert key not in content, file
        assert key.hex().encode() not in content, file


def test_with_the_key_names_are_read_and_found_after_a_restore(tmp_path: Path) -> None:
    with_names(tmp_path / "live", "p-1")
    again = restored(made(tmp_path / "backup", tmp_path / "live"), tmp_path / "new")
    again.components.key_projector().catch_up()
    assert names(again) == [NAME]
    assert again.components.personal.find("xyl", 10) == ["p-1"]


def test_who_was_erased_after_the_backup_was_made_is_erased_again(tmp_path: Path) -> None:
    """The log is newer than the keys that were put back: what it says is destroyed is destroyed again."""
    world = with_names(tmp_path / "live", "p-1", "p-2")
    with closing(connect(tmp_path / "live" / "person_keys.sqlite")) as keys, closing(connect(tmp_path / "old.sqlite")) as old:
        keys.backup(old)
    world.send("DestroyPersonKey", {"person": "p-1", "basis": "DEMANDE"}, role="dpo")
    world.components.key_projector().catch_up()
    world.components.personal.database.close()
    for file in (tmp_path / "live").glob("person_keys.sqlite*"):
        file.unlink()
    (tmp_path / "old.sqlite").rename(tmp_path / "live" / "person_keys.sqlite")
    again = World(tmp_path / "live")
    again.components.key_projector().catch_up()
    assert again.components.personal.database.keys_of(["p-1"]) == {"p-1": None}
    assert again.components.personal.find("xyl", 10) == ["p-2"]
    assert names(again) == [NAME]


def test_without_the_key_or_with_another_nothing_is_changed_and_the_sentence_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_names(tmp_path / "live", "p-1")
    backup = made(tmp_path / "backup", tmp_path / "live")
    words = ["restore", str(backup), "--data", str(tmp_path / "new")]
    assert main(words) == 2
    assert "No backup holds it: put your copy of it there first." in capsys.readouterr().err
    (tmp_path / "new" / KEY_ENCRYPTION_KEY).write_bytes(uuid4().bytes * 2)
    assert main(words) == 2
    assert "did not wrap the keys of the backup" in capsys.readouterr().err
    assert {path.name for path in (tmp_path / "new").iterdir()} == {KEY_ENCRYPTION_KEY}


def test_where_the_key_is_lost_for_good_the_rest_is_restored(tmp_path: Path) -> None:
    with_names(tmp_path / "live", "p-1")
    backup = made(tmp_path / "backup", tmp_path / "live")
    assert main(["restore", str(backup), "--without-person-keys", "--data", str(tmp_path / "new")]) == 0
    again = World(tmp_path / "new")
    again.components.key_projector().catch_up()
    assert names(again) == []
    assert again.components.personal.find("xyl", 10) == []
    again.send("RecordIdentity", {"person": "p-1", "given_name": "Awa", "family_name": "Diallo"})
    assert names(again) == ["Diallo"]


def test_keys_under_another_key_are_one_sentence_at_the_start(tmp_path: Path) -> None:
    with_names(tmp_path / "live", "p-1")
    (tmp_path / "live" / KEY_ENCRYPTION_KEY).write_bytes(uuid4().bytes * 2)
    with pytest.raises(Misconfigured, match="is not the key that wrapped the keys in PARCOURS_PERSON_KEYS"):
        _ = World(tmp_path / "live").components.personal.keyring


def test_a_backup_of_a_release_without_keys_of_persons_is_restored(tmp_path: Path) -> None:
    world = World(tmp_path / "live")
    world.send("IdentifyPerson", met("p-1"))
    carry_key(tmp_path / "live", tmp_path / "new")
    backup = made(tmp_path / "backup", tmp_path / "live")
    assert decode_event(gzip.decompress((backup / "log.ndjson.gz").read_bytes()).splitlines()[0]).position == 1
    manifest = json.loads((backup / "manifest.json").read_bytes())
    manifest["format"] = 2
    manifest["parts"] = [part for part in manifest["parts"] if part["file"] != "person_keys.ndjson"]
    (backup / "manifest.json").write_text(json.dumps(manifest))
    (backup / "person_keys.ndjson").unlink()
    assert main(["restore", str(backup), "--data", str(tmp_path / "new")]) == 0


def test_keys_that_were_in_use_and_are_gone_end_a_start(tmp_path: Path) -> None:
    """New ones in their place would hide that nothing of what is recorded can be read."""
    world = with_names(tmp_path / "live", "p-1")
    world.components.checkpoints.save("person_keys", world.components.store.head())
    world.components.personal.database.close()
    for file in (tmp_path / "live").glob("person_keys.sqlite*"):
        file.unlink()
    with pytest.raises(Misconfigured, match="holds no key, although keys were in use"):
        _ = World(tmp_path / "live").components.personal.keyring


def test_a_backup_is_not_restored_beside_other_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_names(tmp_path / "live", "p-1")
    backup = made(tmp_path / "backup", tmp_path / "live")
    carry_key(tmp_path / "live", tmp_path / "new")
    other = World(tmp_path / "new")
    assert other.components.personal.keyring.for_writing("p-1")
    other.components.personal.database.close()
    other.components.store.close()
    for file in (tmp_path / "new").glob("log.sqlite*"):
        file.unlink()
    (tmp_path / "new" / "keys").unlink(missing_ok=True)
    assert main(["restore", str(backup), "--data", str(tmp_path / "new")]) == 2
    assert "holds other keys than those of the backup" in capsys.readouterr().err


def test_a_name_that_was_erased_before_the_backup_is_not_found_when_the_restore_ends(tmp_path: Path) -> None:
    world = with_names(tmp_path / "live", "p-1", "p-2")
    world.send("DestroyPersonKey", {"person": "p-1", "basis": "DEMANDE"}, role="dpo")  # and intake dies before it follows
    backup = made(tmp_path / "backup", tmp_path / "live")
    again = restored(backup, tmp_path / "new")
    assert again.components.personal.find("xyl", 10) == ["p-2"]
    assert again.components.personal.database.keys_of(["p-1"]) == {"p-1": None}
