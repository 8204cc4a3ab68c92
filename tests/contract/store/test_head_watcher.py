"""Waiting at the head of a log: a writer of the same process wakes the waiting readers, and never waits for them."""

import threading

import pytest

from shared.message import Position
from shared.store import head_watcher
from shared.store.head_watcher import HeadWatcher
from shared.store.postgres.store import PostgresStore
from shared.store.sqlite.store import SqliteStore
from tests.contract.store.writing import append

NEVER_S = 600.0  # longer than any wait in a passing test


def test_reading_the_head_does_not_block_writers() -> None:
    reading, woken = threading.Event(), threading.Event()
    woken_meanwhile: list[bool] = []

    def head() -> Position:
        reading.set()
        woken_meanwhile.append(woken.wait(10))
        return 1

    reader = threading.Thread(target=lambda: HeadWatcher.wait(watcher, 0, NEVER_S))
    watcher = HeadWatcher(head)
    reader.start()
    assert reading.wait(10)
    watcher.wake()
    woken.set()
    reader.join()
    assert woken_meanwhile == [True]


def test_a_wake_between_reading_the_head_and_sleeping_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_watcher, "MIN_POLL_INTERVAL_S", NEVER_S)
    heads = [0, 1]

    def head() -> Position:
        watcher.wake()
        return heads.pop(0)

    watcher = HeadWatcher(head)
    reader = threading.Thread(target=lambda: watcher.wait(0, NEVER_S), daemon=True)
    reader.start()
    reader.join(20)
    assert not reader.is_alive()


@pytest.mark.parametrize("address", ["sqlite", "postgres"], indirect=True)
def test_an_append_wakes_readers_of_its_process_without_polling(
    store: SqliteStore | PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With polling intervals this long, only the writer can end the wait."""
    monkeypatch.setattr(head_watcher, "MIN_POLL_INTERVAL_S", NEVER_S)
    monkeypatch.setattr(head_watcher, "MAX_POLL_INTERVAL_S", NEVER_S)
    head_was_read = threading.Event()
    read_head = store.head_watcher.read_head

    def head() -> Position:
        position = read_head()
        head_was_read.set()
        return position

    store.head_watcher.read_head = head
    reader = threading.Thread(target=lambda: store.wait(0, NEVER_S), daemon=True)
    reader.start()
    assert head_was_read.wait(10)
    store.append(append("a"))
    reader.join(20)
    assert not reader.is_alive()
