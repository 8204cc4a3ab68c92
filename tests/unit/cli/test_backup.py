"""A backup holds everything that cannot be made again, says what it holds, and becomes an installation that goes on."""

import gzip
import hashlib
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.bootstrap import backup as making
from services.bootstrap import restore as restoring
from services.bootstrap.backup_manifest import FILES
from services.cli.main import main
from shared.bus.dead_letter_file import FileDeadLetters
from shared.errors import Unavailable
from shared.store.deliveries import Cursor, KnownWebhook
from shared.store.port import Append
from tests.contract.store.writing import event
from tests.harness.world import World, met
from tests.unit.gateway.test_survey_tickets import answer, ask, exited, kinds, ticket_of

KEY_ENCRYPTION_KEY = "key_encryption_key"
YEAR_2020 = 1_577_836_800_000_000  # in microseconds since 1970


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def made(folder: Path, data: Path) -> Path:
    assert main(["backup", str(folder), "--data", str(data)]) == 0
    return folder


def carry_key(live: Path, data: Path) -> None:
    """The key that wraps the keys of persons is in no backup: whoever restores one has a copy of it."""
    if (live / KEY_ENCRYPTION_KEY).exists():
        data.mkdir(exist_ok=True)
        shutil.copy2(live / KEY_ENCRYPTION_KEY, data)


def restored(folder: Path, data: Path) -> World:
    carry_key(folder.parent / "live", data)
    assert main(["restore", str(folder), "--data", str(data)]) == 0
    return World(data)


def manifest_of(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    return manifest


def test_a_ticket_is_redeemed_after_a_restore_and_dead_letters_are_there(tmp_path: Path) -> None:
    world = World(tmp_path / "live")
    exited(world, "p-1")
    ticket = ticket_of(ask(world, "p-1"))
    event = world.components.store.read_all(0)[-1]
    letters = FileDeadLetters(tmp_path / "live" / "dead_letters.sqlite")
    letters.add("coaching", event, "a reason", 2, "2024-01-01")
    letters.add("intake", event, "given back, and not handled yet")
    letters.replay("intake")
    head = world.components.store.head()

    backup = made(tmp_path / "backup", tmp_path / "live")
    assert mode(backup) == 0o700
    assert {file.name: mode(file) for file in backup.iterdir()} == dict.fromkeys((*FILES, "manifest.json"), 0o600)
    manifest = manifest_of(backup)
    assert (manifest["log"]["position"], manifest["log"]["events"]) == (head, len(kinds(world)))
    assert {each["what"] for each in manifest["left_out"]} >= {"read models"}
    carry_key(tmp_path / "live", tmp_path / "new")
    shutil.rmtree(tmp_path / "live")

    again = restored(backup, tmp_path / "new")
    assert {(letter.service, letter.position, letter.attempts) for letter in again.components.dead_letters.list()} == {
        ("coaching", event.position, 2),
        ("intake", event.position, 1),
    }
    assert answer(again, ticket).status_code == 201
    assert kinds(again)[-2:] == ["reporting.LogRestored", "coaching.SurveyAnswered"]


def test_what_was_beside_the_log_is_there_again(tmp_path: Path) -> None:
    """Keys of commands, ended sessions, checkpoints and the deliveries: without them effects would be repeated, and keys reused."""
    world = World(tmp_path / "live")
    key = str(uuid4())
    first = world.send("IdentifyPerson", met("p-1"), id=key)
    assert first.status_code == 201
    components = world.components
    components.gateway_records.end_session("left", 2**31)
    components.checkpoints.save("coaching.inbox", 2)
    components.webhook_deliveries.add(KnownWebhook("w-1", "coach-1", "coach", "etape", 1))
    components.webhook_deliveries.advance("w-1", Cursor(0, 2))

    again = restored(made(tmp_path / "backup", tmp_path / "live"), tmp_path / "new")
    assert again.send("IdentifyPerson", met("p-1"), id=key).json == first.json
    assert again.send("IdentifyPerson", met("p-2"), id=key).status_code == 422
    assert "left" in again.components.gateway_records.ended_sessions(0)
    assert again.components.checkpoints.load("coaching.inbox") == 2
    assert again.components.webhook_deliveries.cursor("w-1") == Cursor(0, 2)


def test_no_position_is_given_twice_and_whoever_was_ahead_misses_nothing(tmp_path: Path) -> None:
    """Two restores of one backup, each with a history of its own: a follower of any of them goes on where the next one begins."""
    world = World(tmp_path / "live")
    world.send("IdentifyPerson", met("p-1"))
    backup = made(tmp_path / "backup", tmp_path / "live")
    after = world.components.store.head()
    seen = [position(world, "lost-1"), position(world, "lost-2")]
    for number in (1, 2):
        again = restored(backup, tmp_path / f"new-{number}")
        log = again.components.store
        [note] = log.read_all(seen[-1])
        assert (note.kind, note.previous) == ("reporting.LogRestored", after)
        assert note.position > max(YEAR_2020, *seen)
        seen.append(position(again, f"new-{number}"))
        assert [each.kind for each in log.read_all(note.position)] == ["intake.PersonIdentified"]
    assert seen == sorted(set(seen))


def position(world: World, person: str) -> int:
    answer = world.send("IdentifyPerson", met(person))
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    return int(answer.json["position"])


def test_each_part_that_is_missing_or_damaged_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = World(tmp_path / "live")
    world.send("IdentifyPerson", met("p-1"))
    world.components.settings.key()
    backup = made(tmp_path / "backup", tmp_path / "live")
    assert main(["backup", "--verify", str(backup), "--data", str(tmp_path / "none")]) == 0
    for name in FILES:
        broken = shutil.copytree(backup, tmp_path / f"broken-{name}")
        changed = (broken / name).read_bytes()
        (broken / name).write_bytes(bytes([changed[0] ^ 1]) + changed[1:] if changed else b"x")
    (tmp_path / "broken-keys" / "checkpoints.ndjson").unlink()
    for name in FILES:
        words = [str(tmp_path / f"broken-{name}"), "--data", str(tmp_path / "new")]
        capsys.readouterr()
        assert main(["backup", "--verify", *words]) == 1
        said = capsys.readouterr().err
        assert f"{name}: damaged" in said
        assert ("checkpoints.ndjson: No such file" in said) == (name == "keys")
        assert main(["restore", *words]) == 1
        assert capsys.readouterr().err == said
    assert not (tmp_path / "new" / "log.sqlite").exists()


def test_a_manifest_that_was_made_to_fit_does_not_hide_a_missing_event(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = World(tmp_path / "live")
    for number in range(3):
        world.send("IdentifyPerson", met(f"p-{number}"))
    backup = made(tmp_path / "backup", tmp_path / "live")
    lines = gzip.decompress((backup / "log.ndjson.gz").read_bytes()).splitlines(keepends=True)
    (backup / "log.ndjson.gz").write_bytes(gzip.compress(b"".join([*lines[:1], *lines[2:]])))
    manifest = manifest_of(backup)
    part = next(part for part in manifest["parts"] if part["file"] == "log.ndjson.gz")
    with (backup / "log.ndjson.gz").open("rb") as file:
        part |= {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "bytes": file.tell()}
    (backup / "manifest.json").write_text(json.dumps(manifest))
    assert main(["backup", "--verify", str(backup)]) == 1
    assert "the event at position 3 does not follow the one at 1" in capsys.readouterr().err


def test_a_backup_replaces_nothing_and_is_not_made_in_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = World(tmp_path / "live")
    world.components.settings.key()
    (tmp_path / "taken").write_text("")
    words = ["--data", str(tmp_path / "live")]
    assert main(["backup", str(tmp_path / "taken"), *words]) == 1
    assert "taken: File exists" in capsys.readouterr().err
    (tmp_path / "live" / "keys").unlink()
    assert main(["backup", str(tmp_path / "backup"), *words]) == 2
    assert "PARCOURS_KEYS" in capsys.readouterr().err
    (tmp_path / "live" / "keys").write_bytes(b"short")
    assert main(["backup", str(tmp_path / "backup"), *words]) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"live", "taken"}


def test_a_restore_replaces_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path / "live")
    world.send("IdentifyPerson", met("p-1"))
    backup = made(tmp_path / "backup", tmp_path / "live")
    other = World(tmp_path / "other")
    other.components.settings.key()
    before = other.components.store.read_all(0)
    assert main(["restore", str(backup), "--data", str(tmp_path / "other")]) == 2
    said = capsys.readouterr().err
    assert "PARCOURS_KEYS" in said
    assert "is not empty (events)" in said
    assert other.components.store.read_all(0) == before
    (tmp_path / "survey").write_bytes(b"s" * 32)
    monkeypatch.setenv("PARCOURS_SURVEY_KEY", str(tmp_path / "survey"))
    assert main(["restore", str(backup), "--data", str(tmp_path / "new")]) == 2
    assert "PARCOURS_SURVEY_KEY" in capsys.readouterr().err
    assert (tmp_path / "survey").read_bytes() == b"s" * 32
    for words in ([], [str(backup), "--in-place"]):
        assert main(["restore", *words, "--data", str(tmp_path / "new")]) == 2


def test_a_restore_that_died_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path / "live")
    world.send("IdentifyPerson", met("p-1"))
    FileDeadLetters(tmp_path / "live" / "dead_letters.sqlite").add("intake", world.components.store.read_all(0)[-1], "a reason")
    backup = made(tmp_path / "backup", tmp_path / "live")

    def dies(*_: object) -> None:
        raise Unavailable("the last step")

    carry_key(tmp_path / "live", tmp_path / "new")
    with monkeypatch.context() as broken:
        broken.setattr(restoring, "resume", dies)
        assert main(["restore", str(backup), "--data", str(tmp_path / "new")]) == 1
    again = restored(backup, tmp_path / "new")
    assert kinds(again)[-1] == "reporting.LogRestored"
    assert len(again.components.dead_letters.list()) == 1


def test_a_log_that_was_put_back_by_other_means_goes_on_at_positions_of_its_own(tmp_path: Path) -> None:
    world = World(tmp_path / "live")
    world.send("IdentifyPerson", met("p-1"))
    world.components.store.close()
    shutil.copytree(tmp_path / "live", tmp_path / "copy")
    last = position(World(tmp_path / "live"), "p-2")
    assert main(["restore", "--in-place", "--data", str(tmp_path / "copy")]) == 0
    back = World(tmp_path / "copy")
    [note] = back.components.store.read_all(last)
    assert (note.kind, note.previous) == ("reporting.LogRestored", last - 1)
    assert position(back, "p-3") == note.position + 1


def test_a_clock_that_is_behind_gives_no_position(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = World(tmp_path / "live")
    world.components.settings.key()
    world.components.raw_store.append(Append("s", 0, [event("s")], datetime(2100, 1, 1, tzinfo=UTC)))
    backup = made(tmp_path / "backup", tmp_path / "live")
    assert main(["restore", str(backup), "--data", str(tmp_path / "new")]) == 2
    assert "clock" in capsys.readouterr().err


def test_variables_are_named_without_their_passwords(tmp_path: Path) -> None:
    world = World(tmp_path / "live")
    world.components.settings.key()
    environ = {
        "PARCOURS_AMQP_URI": "amqp://user:hidden-1@broker/parcours",
        "PARCOURS_EVENT_STORE": "postgresql://user:hidden-2@database/parcours?password=hidden-3",
        "PARCOURS_ORIGINS": "https://app.example",
        "PATH": "/bin",
    }
    making.make_backup(world.components, tmp_path / "backup", environ)
    text = (tmp_path / "backup" / "variables.json").read_text()
    assert json.loads(text).keys() == environ.keys() - {"PATH"}
    assert "hidden" not in text
    assert json.loads(text)["PARCOURS_ORIGINS"] == "https://app.example"


def test_a_letter_handled_during_the_backup_is_in_it_and_a_later_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first one led to comes after the backup's position: without the letter nobody would do it again."""
    world = World(tmp_path / "live")
    world.components.settings.key()
    world.send("IdentifyPerson", met("p-1"))
    letters = FileDeadLetters(tmp_path / "live" / "dead_letters.sqlite")
    letters.add("intake", world.components.store.read_all(0)[-1], "handled meanwhile")
    write = making.Writer.write_log

    def meanwhile(self: making.Writer, snapshot: Any) -> Any:
        ended = write(self, snapshot)
        letters.replay()
        [(id, _)] = letters.given_back("intake")
        letters.delete(id)
        world.send("IdentifyPerson", met("p-2"))
        letters.add("intake", world.components.store.read_all(0)[-1], "too late")
        return ended

    monkeypatch.setattr(making.Writer, "write_log", meanwhile)
    backup = made(tmp_path / "backup", tmp_path / "live")
    assert [json.loads(line)["reason"] for line in (backup / "dead_letters.ndjson").read_text().splitlines()] == ["handled meanwhile"]


def test_only_a_system_may_record_a_restoration(tmp_path: Path) -> None:
    world = World(tmp_path / "live")
    for role in ("coordinator", "operator", "auditor"):
        assert world.send("RecordRestoration", {"after": 1}, role=role, territory="all").status_code == 403
