"""Appends that one thread makes together: seen by it at once, and by everybody when the block ends."""

import threading
from pathlib import Path

import pytest

from shared.errors import Conflict
from shared.store.port import EventStore
from shared.store.sqlite.store import SqliteStore
from tests.contract.store.writing import all_events, append, open_store


def test_what_was_appended_is_read_inside_the_block_and_after_it(address: str, store: EventStore) -> None:
    store.append(append("a", size=2))
    with store.together():
        first = store.append(append("a", 2))
        second = store.append(append("b"))
        assert first.position < second.position == store.head()
        assert [each.streamversion for each in store.read_stream("a")] == [1, 2, 3]
        assert [each.position for each in store.read_at([second.position])] == [second.position]
        assert [each.position for each in store.read_all(first.position)] == [second.position]
        with pytest.raises(Conflict):
            store.append(append("b"))
        repeated = append("b", 1)
        assert store.append(repeated) == store.append(repeated)
    again = open_store(address)
    assert [(each.subject, each.streamversion) for each in all_events(again)] == [("a", 1), ("a", 2), ("a", 3), ("b", 1), ("b", 2)]
    again.close()


def test_other_threads_append_before_or_after_the_block_and_never_inside(store: EventStore) -> None:
    others: list[threading.Thread] = []
    for number in range(5):
        with store.together():
            others.append(threading.Thread(target=store.append, args=(append(f"other-{number}", size=3),)))
            others[-1].start()
            for version in range(20):
                store.append(append(f"mine-{number}", version))
    for other in others:
        other.join(30)
    events = all_events(store)
    assert len(events) == 5 * 23
    assert [each.position for each in events] == sorted(each.position for each in events)
    assert {len(store.read_stream(f"other-{number}")) for number in range(5)} == {3}


@pytest.fixture
def sqlite(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "log.sqlite")


def test_others_see_nothing_before_the_end_of_the_block(sqlite: SqliteStore) -> None:
    seen: list[int] = []
    with sqlite.together():
        sqlite.append(append("a"))
        reader = threading.Thread(target=lambda: seen.append(sqlite.head()))
        reader.start()
        reader.join(30)
    assert (seen, sqlite.head()) == ([0], 1)


def test_a_block_that_fails_leaves_nothing(sqlite: SqliteStore) -> None:
    def fail() -> None:
        with sqlite.together():
            sqlite.append(append("a"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert all_events(sqlite) == []
    sqlite.append(append("a"))


def test_an_append_that_fails_inside_a_block_leaves_the_others(sqlite: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """It fails after its first event was written."""
    insert = sqlite.writer.insert

    def failing(request: object, last: int, time: str) -> None:
        insert(append("half"), last, time)
        raise ValueError("in the middle")

    with sqlite.together():
        sqlite.append(append("a"))
        with monkeypatch.context() as patch:
            patch.setattr(sqlite.writer, "insert", failing)
            with pytest.raises(ValueError, match="in the middle"):
                sqlite.append(append("b", size=2))
        sqlite.append(append("c"))
    assert [each.subject for each in all_events(sqlite)] == ["a", "c"]
