"""Waiting at the end of a log: a writer of the same process wakes who waits, and never waits for them."""

import threading

import pytest

from shared.message import Position
from shared.store import head_watcher
from shared.store.head_watcher import HeadWatcher
from shared.store.postgres.store import PostgresStore
from shared.store.sqlite.store import SqliteStore
from tests.contract.store.writing import append

LONG = 600.0  # seconds: nothing here waits so long, unless it is broken


def test_reading_the_head_does_not_block_writers() -> None:
    looking, woken = threading.Event(), threading.Event()
    waited: list[bool] = []

    def head() -> Position:
        looking.set()
        waited.append(woken.wait(10))
        return 1

    reader = threading.Thread(target=lambda: HeadWatcher.wait(end, 0, LONG))
    end = HeadWatcher(head)
    reader.start()
    assert looking.wait(10)
    end.wake()
    woken.set()
    reader.join()
    assert waited == [True]


def test_a_wake_between_reading_the_head_and_sleeping_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_watcher, "MIN_POLL_INTERVAL_S", LONG)
    found = [0, 1]

    def head() -> Position:
        end.wake()
        return found.pop(0)

    end = HeadWatcher(head)
    reader = threading.Thread(target=lambda: end.wait(0, LONG), daemon=True)
    reader.start()
    reader.join(20)
    assert not reader.is_alive()


@pytest.mark.parametrize("address", ["sqlite", "postgres"], indirect=True)
def test_an_append_wakes_readers_of_its_process_without_polling(
    store: SqliteStore | PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pauses between two looks are made so long that only the writer itself can end the wait."""
    monkeypatch.setattr(head_watcher, "MIN_POLL_INTERVAL_S", LONG)
    monkeypatch.setattr(head_watcher, "MAX_POLL_INTERVAL_S", LONG)
    looked = threading.Event()
    look = store.head_watcher.read_head

    def head() -> Position:
        found = look()
        looked.set()
        return found

    store.head_watcher.read_head = head
    reader = threading.Thread(target=lambda: store.wait(0, LONG), daemon=True)
    reader.start()
    assert looked.wait(10)
    store.append(append("a"))
    reader.join(20)
    assert not reader.is_alive()
