"""Recording times never decrease, with clocks that go backwards and history in any order; `position_at` is right at any moment."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random

import psycopg
import pytest

from shared.message import EventMessage
from shared.store.port import Append, EventStore
from shared.store.sqlite.store import SqliteStore
from tests.contract.store.invariants import assert_log_invariants
from tests.contract.store.writing import all_events, append, event, open_store

NOON = datetime(2024, 4, 2, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)


def at(stream: str, moment: datetime | None) -> Append:
    return Append(stream, 0, [event(stream), event(stream)], moment)


def assert_position_at(store: EventStore, log: Sequence[EventMessage]) -> None:
    """Assert that `position_at` is right at each recording time, just before it and just after."""
    for moment in {each.recordedtime + tick for each in log for tick in (-TICK, TICK - TICK, TICK)}:
        assert store.position_at(moment) == max((each.position for each in log if each.recordedtime <= moment), default=0)


@pytest.mark.parametrize("seed", [1, 2])
def test_history_in_any_order_and_live_events_get_increasing_times(store: EventStore, seed: int) -> None:
    random = Random(seed)
    history = [NOON + timedelta(minutes=random.randrange(-500, 500)) for _ in range(60)]
    for first in range(0, 60, 6):
        store.append_many([at(f"s{first + index}", moment) for index, moment in enumerate(history[first : first + 6])])
    store.append(append("live"))
    log = all_events(store)
    assert_log_invariants(log)
    assert [event.recordedtime for event in log[:-1:2]] == list(accumulate(history, max))
    assert_position_at(store, log)


def test_live_events_after_a_time_ahead_of_the_clock_get_that_time_at_once(store: EventStore, address: str) -> None:
    """As after a load from a machine whose clock is wrong: all later events get the time ahead, in every process."""
    ahead = datetime.now(UTC).replace(microsecond=7) + timedelta(days=1)
    store.append(at("a", ahead))
    later = open_store(address)
    for number, writer in enumerate((store, later, store, later)):
        writer.append(append(f"s{number}"))
    log = all_events(later)
    assert {event.recordedtime for event in log} == {ahead}
    assert later.position_at(ahead - TICK) == 0
    assert later.position_at(ahead) == store.head()
    later.close()


def clock(random: Random) -> Iterator[datetime]:
    """A clock that goes forward by some seconds, and sometimes back by some minutes, as when it is corrected."""
    moment = NOON
    while True:
        yield moment
        moment += timedelta(minutes=-random.randrange(9)) if random.random() < 0.3 else timedelta(seconds=random.randrange(90))


@pytest.mark.parametrize("seed", [1, 2])
def test_sqlite_recording_times_never_decrease_when_the_clocks_of_two_writers_do(tmp_path: Path, seed: int) -> None:
    clocks = [clock(Random(seed)), clock(Random(seed + 100))]
    times_read: list[datetime] = []

    def writer(number: int) -> SqliteStore:
        def read_clock() -> datetime:
            times_read.append(next(clocks[number]))
            return times_read[-1]

        return SqliteStore(tmp_path / "log.sqlite", read_clock)

    writers = [writer(0), writer(1)]
    for number in range(120):
        writers[number % 2].append(append(f"s{number}"))
    log = all_events(writers[0])
    assert times_read != sorted(times_read)
    assert [event.recordedtime for event in log] == list(accumulate(times_read, max))
    assert_position_at(writers[1], log)


def test_postgres_continues_from_a_recording_time_ahead_of_its_clock(postgres_dsn: str) -> None:
    """We cannot set the server's clock, so an event of past history stands for one that was written while it was ahead."""
    store = open_store(postgres_dsn)
    store.append(append("a"))
    ahead = datetime.now(UTC).replace(microsecond=7) + timedelta(hours=1)
    store.append(at("b", ahead))
    store.append(append("c"))
    log = all_events(store)
    assert [event.recordedtime for event in log[1:]] == [ahead] * 3
    assert log[0].recordedtime < ahead - timedelta(minutes=59)
    assert_position_at(store, log)
    with psycopg.connect(postgres_dsn) as connection:
        rows = connection.execute("select recorded_at from public.events order by position").fetchall()
    assert [row[0] for row in rows] == [event.recordedtime for event in log]
