"""What a consumer has applied is saved with its position or not at all; what it says is compared with the log, on every store."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from shared.coverage import Coverage, applied, begun, made_good
from shared.errors import Unavailable
from shared.message import EventMessage, Position
from shared.proof.coverage_audit import MAX_NAMED, Consumer, CoverageFault, Reading, audited
from shared.store.deliveries import Cursor, Deliveries, KnownWebhook
from shared.store.port import Append, Checkpoints
from shared.store.postgres.deliveries import PostgresDeliveries
from shared.store.sqlite.deliveries import SqliteDeliveries
from shared.store.stored import Log
from tests.contract.store.writing import event

both = pytest.mark.parametrize("address", ["sqlite", "postgres"], indirect=True)


@both
def test_it_is_saved_with_a_position_and_ignored_with_a_lower_one(checkpoints: Checkpoints) -> None:
    assert checkpoints.load_covered("relay") == (0, None)
    checkpoints.save("relay", 7, coverage="seven")
    checkpoints.save("relay", 5, coverage="five")
    assert checkpoints.load_covered("relay") == (7, "seven")
    checkpoints.save("relay", 7, coverage="seven, and one more that was late")
    assert checkpoints.load_covered("relay") == (7, "seven, and one more that was late")
    checkpoints.save("relay", 9)  # by a release that keeps none
    assert checkpoints.load_covered("relay") == (9, "seven, and one more that was late")
    assert checkpoints.load_covered("feed") == (0, None)


@both
def test_who_lost_the_lease_saves_neither_a_position_nor_what_it_applied(checkpoints: Checkpoints) -> None:
    with checkpoints.lease("relay", 1) as held:
        checkpoints.save("relay", 7, held, "seven")
    with checkpoints.lease("relay", 1) as later:
        with pytest.raises(Unavailable, match="the lease relay was lost"):
            checkpoints.save("relay", 9, held, "nine")
        assert checkpoints.load_covered("relay") == (7, "seven")
        checkpoints.save("relay", 8, later, "eight")
    assert checkpoints.load_covered("relay") == (8, "eight")


@both
def test_it_is_noted_with_a_cursor_and_ignored_with_an_earlier_one(address: str, checkpoints: Checkpoints) -> None:
    deliveries: Deliveries = PostgresDeliveries(address) if address.startswith("postgres") else SqliteDeliveries(Path(address))
    deliveries.add(KnownWebhook("w-1", "coach-1", "coach", "etape", 7))
    assert deliveries.covered("w-1") is None
    deliveries.advance("w-1", Cursor(0, 7))  # by a release that keeps none
    assert deliveries.covered("w-1") == (Cursor(0, 7), None)
    deliveries.advance("w-1", Cursor(0, 2**40), "é, up to there")
    deliveries.advance("w-1", Cursor(0, 9), "nine")
    assert deliveries.covered("w-1") == (Cursor(0, 2**40), "é, up to there")
    deliveries.advance("w-1", Cursor(1, 3), "a replay")
    assert deliveries.covered("w-1") == (Cursor(1, 3), "a replay")
    assert checkpoints.load_covered("webhook w-1") == (0, "a replay")
    deliveries.close()


OTHER = "counting.Stopped"


@pytest.fixture
def events(store: Log) -> list[EventMessage]:
    """A log of two kinds of events, which alternate."""
    for number in range(12):
        stream = f"s-{number}"
        store.append(Append(stream, 0, [event(stream), event(stream, kind=OTHER)]))
    return store.read_all(0)


def audit(store: Log, coverage: Coverage, position: Position | None = None, *, resumes: bool = False) -> list[CoverageFault]:
    position = coverage.until if position is None else position
    return audited(Reading(store), store.head(), [Consumer("consumer", position, coverage, resumes)])["consumer"]


def named(faults: list[CoverageFault]) -> list[tuple[str, Position]]:
    return [(fault.kind, fault.position) for fault in faults]


def at(events: Sequence[EventMessage], *places: int) -> list[Position]:
    return [events[place].position for place in places]


KINDS = {"all": (None, range(24)), "some": ([OTHER], range(1, 24, 2))}


@pytest.mark.parametrize("bound", KINDS)
def test_what_was_applied_once_is_in_order_wherever_it_began(store: Log, events: list[EventMessage], bound: str) -> None:
    kinds, places = KINDS[bound]
    coverage = begun(0, kinds)
    for start in range(0, 24, 7):
        page = events[start : start + 7]
        coverage = applied(coverage, page, at(events, *(each for each in places if start <= each < start + 7)))
        assert audit(store, coverage) == []
    later = applied(begun(events[9].position, kinds), events[10:], at(events, *(each for each in places if each > 9)))
    assert audit(store, later) == []
    assert coverage.events == len(places)
    assert later.events == len([each for each in places if each > 9])


def test_an_event_left_out_is_named_whether_the_consumer_noted_it_or_not(store: Log, events: list[EventMessage]) -> None:
    noted = applied(begun(0), [*events[:5], *events[6:]], at(events, *range(5), *range(6, 24)))
    silent = replace(noted, holes=())
    for coverage in (noted, silent):
        (fault,) = audit(store, coverage)
        assert (fault.kind, fault.position) == ("hole", events[5].position)
        assert fault.text == f"the event at position {events[5].position} was not applied"
    assert audit(store, made_good(noted, events[5])) == []


def test_an_event_applied_twice_is_named_whether_the_consumer_noted_it_or_not(store: Log, events: list[EventMessage]) -> None:
    noted = applied(begun(0), events, at(events, *range(6), 5, *range(6, 24)))
    for coverage in (noted, replace(noted, repeated=())):
        assert named(audit(store, coverage)) == [("double", events[5].position)]


def test_a_hole_and_a_double_are_both_named(store: Log, events: list[EventMessage]) -> None:
    coverage = applied(begun(0), events, at(events, *range(3), *range(4, 10), 9, *range(10, 24)))
    expected = [("hole", events[3].position), ("double", events[9].position)]
    assert named(audit(store, coverage)) == named(audit(store, replace(coverage, holes=(), repeated=()))) == expected


def test_a_consumer_of_some_kinds_is_not_asked_for_others(store: Log, events: list[EventMessage]) -> None:
    """The pages without an event of its kinds are no hole; one with such an event is."""
    places = [*range(1, 24, 2)]
    of_another = applied(begun(0, [OTHER]), [*events[:4], *events[5:]], at(events, *places))
    assert of_another.holes  # it noticed that a page was not whole
    assert audit(store, of_another) == []
    of_its_own = applied(begun(0, [OTHER]), [*events[:5], *events[6:]], at(events, *(each for each in places if each != 5)))
    assert named(audit(store, of_its_own)) == [("hole", events[5].position)]


def test_a_checkpoint_that_does_not_fit_is_named(store: Log, events: list[EventMessage]) -> None:
    coverage = applied(begun(0), events[:10], at(events, *range(10)))
    (fault,) = audit(store, coverage, events[7].position)
    assert (fault.kind, fault.position) == ("behind", events[8].position)
    assert "2 events" in fault.text
    (fault,) = audit(store, coverage, events[12].position)
    assert (fault.kind, fault.position) == ("ahead", events[10].position)
    assert "3 events" in fault.text
    assert audit(store, coverage, events[12].position, resumes=True) == []


def test_what_the_log_does_not_have_is_named(store: Log, events: list[EventMessage]) -> None:
    head = store.head()
    beyond = replace(begun(0), until=head + 5, events=25, total="1", squares="1")
    assert "foreign" in [fault.kind for fault in audit(store, beyond)]
    others = applied(begun(0), events, at(events, *range(24)))
    swapped = replace(others, total=str(int(others.total) + 1))
    assert [fault.kind for fault in audit(store, swapped)] == ["foreign"]


def test_many_events_are_counted_and_the_first_of_them_named(store: Log, events: list[EventMessage]) -> None:
    first = applied(begun(0), events[:1], at(events, 0))
    coverage = applied(first, events[23:], at(events, 23))
    faults = audit(store, coverage)
    assert len(faults) == MAX_NAMED + 1
    assert named(faults) == [("hole", position) for position in at(events, *range(1, MAX_NAMED + 2))]
    assert faults[-1].text.endswith(f"the same holds of {22 - MAX_NAMED - 1} events after it")


def test_events_that_cannot_be_told_are_counted(store: Log, events: list[EventMessage]) -> None:
    coverage = applied(begun(0), events, at(events, *(each for each in range(24) if each not in (2, 5, 11))))
    (fault,) = audit(store, replace(coverage, holes=()))
    assert (fault.kind, "3 events" in fault.text, "which ones is not known" in fault.text) == ("hole", True, True)
    (fault,) = audit(store, replace(applied(begun(0), events, at(events, 2, 5, 11, *range(24))), repeated=()))
    assert (fault.kind, "3 events" in fault.text) == ("double", True)


def test_several_consumers_are_compared_in_one_pass(store: Log, events: list[EventMessage]) -> None:
    whole = applied(begun(0), events, at(events, *range(24)))
    short = applied(begun(0), events[:4], at(events, *range(4)))
    hole = applied(begun(0, [OTHER]), events, at(events, *range(3, 24, 2)))
    rests: list[None] = []
    consumers = [Consumer(name, each.until, each) for name, each in {"a": whole, "b": short, "c": hole}.items()]
    found = audited(Reading(store, lambda: rests.append(None)), store.head(), consumers)
    assert {name: named(faults) for name, faults in found.items()} == {"a": [], "b": [], "c": [("hole", events[1].position)]}
    assert len(rests) == 2  # a page to compare, and once more to name
