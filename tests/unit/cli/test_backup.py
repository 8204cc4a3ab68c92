"""A copy holds everything that cannot be made again, and the services start on it as it is."""

import shutil
from pathlib import Path

import pytest

from services.cli.main import main
from shared.bus.dead_letters import FileDeadLetters
from tests.harness.world import World
from tests.unit.gateway.test_survey_tickets import answer, ask, exited, kinds, ticket_of


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_ticket_is_redeemed_on_a_restored_copy_and_dead_letters_are_there(tmp_path: Path) -> None:
    world = World(tmp_path / "live")
    exited(world, "p-1")
    ticket = ticket_of(ask(world, "p-1"))
    event = world.components.store.read_all(0)[-1]
    letters = FileDeadLetters(tmp_path / "live" / "dead_letters.sqlite")
    letters.add("coaching", event, "a reason")
    head = world.components.store.head()

    assert main(["copy", str(tmp_path / "copy"), "--data", str(tmp_path / "live")]) == 0
    assert mode(tmp_path / "copy") == 0o700
    assert {file.name: mode(file) for file in (tmp_path / "copy").iterdir()} == {
        "log.sqlite": 0o600,
        "keys": 0o600,
        "dead_letters.sqlite": 0o600,
    }
    shutil.rmtree(tmp_path / "live")
    shutil.copytree(tmp_path / "copy", tmp_path / "restored")

    restored = World(tmp_path / "restored")
    assert restored.components.store.head() == head
    assert [letter.position for letter in restored.components.dead_letters.list()] == [event.position]
    assert answer(restored, ticket).status_code == 201
    assert kinds(restored)[-1] == "coaching.SurveyAnswered"


def test_a_copy_replaces_nothing_and_is_not_made_in_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = World(tmp_path / "live")
    world.components.settings.key()
    (tmp_path / "taken").write_text("")
    words = ["--data", str(tmp_path / "live")]
    assert main(["copy", str(tmp_path / "taken"), *words]) == 1
    assert "taken: File exists" in capsys.readouterr().err
    (tmp_path / "live" / "keys").unlink()
    assert main(["copy", str(tmp_path / "copy"), *words]) == 2
    assert "PARCOURS_KEYS" in capsys.readouterr().err
    (tmp_path / "live" / "keys").write_bytes(b"short")
    assert main(["copy", str(tmp_path / "copy"), *words]) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"live", "taken"}
