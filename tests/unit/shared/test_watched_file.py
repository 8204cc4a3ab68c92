"""A file that is replaced while a process runs: what can be read counts, and nothing else ever does."""

import logging
from pathlib import Path

import pytest

from shared.trust import watched_file
from shared.trust.watched_file import WatchedFile


@pytest.fixture
def watched(tmp_path: Path) -> WatchedFile[int]:
    return WatchedFile(tmp_path / "number", int)


def put(watched: WatchedFile[int], text: str) -> None:
    draft = watched.path.with_name("draft")
    draft.write_text(text)
    draft.replace(watched.path)


def test_it_is_awaited_and_read_again_when_it_has_changed(watched: WatchedFile[int], monkeypatch: pytest.MonkeyPatch) -> None:
    assert watched.read() is None
    put(watched, "1")
    assert watched.read() is None, "somebody has just looked"
    assert watched.read(at_once=True) == 1
    put(watched, "2")
    assert watched.read() == 1
    monkeypatch.setattr(watched_file, "LOOK_INTERVAL_S", 0.0)
    assert watched.read() == 2


def test_the_same_content_is_the_same_value(tmp_path: Path) -> None:
    """Whoever keeps what follows from it need not make it again."""
    watched = WatchedFile(tmp_path / "words", bytes.split)
    watched.path.write_bytes(b"one two")
    assert watched.read(at_once=True) is watched.read(at_once=True)


def test_what_makes_no_sense_is_said_once_and_changes_nothing(watched: WatchedFile[int], caplog: pytest.LogCaptureFixture) -> None:
    put(watched, "1")
    assert watched.read(at_once=True) == 1
    with caplog.at_level(logging.WARNING):
        put(watched, "half a num")
        assert [watched.read(at_once=True) for _ in range(3)] == [1, 1, 1]
        watched.path.unlink()
        assert watched.read(at_once=True) == 1
    assert len(caplog.records) == 1
    put(watched, "3")
    assert watched.read(at_once=True) == 3


def test_what_could_not_be_read_is_read_when_it_can_be(watched: WatchedFile[int], monkeypatch: pytest.MonkeyPatch) -> None:
    put(watched, "1")
    assert watched.read(at_once=True) == 1
    put(watched, "2")
    with monkeypatch.context() as failing:
        failing.setattr(Path, "read_bytes", lambda _: (_ for _ in ()).throw(OSError(24, "Too many open files")))
        assert watched.read(at_once=True) == 1
    assert watched.read(at_once=True) == 2
