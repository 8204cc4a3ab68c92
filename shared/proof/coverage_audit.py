"""Compares what consumers say to have applied (`shared.coverage`) with the log, and names what was left out or applied twice.

How it works
------------
The log is read once, for all consumers: how many events of its kinds each should have applied in its part of the log, and the sums of
their positions. Where these are the consumer's own, and it has noted nothing, each of these events was applied exactly once. Only for
consumers of which something is wrong are the positions read again, to name the events: those that the consumer noted, and those that
follow from the differences of the sums.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec import Struct

from shared.coverage import Coverage, Span
from shared.message import PREFIX, START, Position
from shared.proof.coverage_sums import NOTHING, Sums, own_sums, solved, sums_of, within
from shared.store.stored import StoredEvent, StoredEvents

PAGE = 1_000
MAX_NAMED = 20  # events of one kind of fault that are named; the others are counted


class Consumer(NamedTuple):
    """`position` is that of its checkpoint. One that `resumes` at the end of what it has applied leaves nothing out, wherever that is."""

    name: str
    position: Position
    coverage: Coverage
    resumes: bool = False


class CoverageFault(Struct, frozen=True):
    """
    hole      an event was not applied, although later ones were
    double    an event was applied more than once
    ahead     the checkpoint is past what was applied: the events between will never be
    behind    the checkpoint is before what was applied: events will be applied again
    foreign   something was applied that the log does not have
    """

    kind: Literal["hole", "double", "ahead", "behind", "foreign"]
    position: Position
    text: str


class Reading(NamedTuple):
    """A pass over the log. `rest` is called after each page."""

    store: StoredEvents
    rest: Callable[[], object] = lambda: None

    def pages(self, until: Position) -> Iterator[list[StoredEvent]]:
        after = START
        while after < until and (page := self.store.read_stored(after, PAGE)):
            yield page
            after = page[-1].position
            self.rest()


def audited(reading: Reading, head: Position, consumers: Sequence[Consumer]) -> dict[str, list[CoverageFault]]:
    """What is wrong with each of the consumers, by name. `head` is that of the log, read after what the consumers say."""
    due = expected(reading, consumers)
    wrong = [each for each in consumers if due[each.name] != own_sums(each.coverage) or is_suspect(each, head)]
    positions = of_kinds(reading, head, wrong) if wrong else {}
    return {each.name: [] for each in consumers} | {
        each.name: [*faults(each, positions[each.coverage.kinds], due[each.name], head)] for each in wrong
    }


def is_suspect(consumer: Consumer, head: Position) -> bool:
    coverage = consumer.coverage
    return bool(coverage.holes or coverage.repeated) or consumer.position != coverage.until or coverage.until > head


def expected(reading: Reading, consumers: Sequence[Consumer]) -> dict[str, Sums]:
    """What each consumer should have applied in its part of the log."""
    found = {each.name: NOTHING for each in consumers}
    for page in reading.pages(max((each.coverage.until for each in consumers), default=START)):
        by_kinds = {kinds: selected(page, kinds) for kinds in {each.coverage.kinds for each in consumers}}
        for each in consumers:
            part = within(by_kinds[each.coverage.kinds], Span(each.coverage.after, each.coverage.until))
            if part:
                found[each.name] = found[each.name].plus(sums_of(part))
    return found


def selected(page: Iterable[StoredEvent], kinds: tuple[str, ...] | None) -> list[Position]:
    """The positions of the events of these kinds."""
    if kinds is None:
        return [event.position for event in page]
    types = frozenset(PREFIX + kind for kind in kinds)
    return [event.position for event in page if event.type in types]


def of_kinds(reading: Reading, head: Position, consumers: Iterable[Consumer]) -> Mapping[tuple[str, ...] | None, list[Position]]:
    """All positions of the log that have events of the kinds of these consumers."""
    found: dict[tuple[str, ...] | None, list[Position]] = {each.coverage.kinds: [] for each in consumers}
    for page in reading.pages(head):
        for kinds, positions in found.items():
            positions += selected(page, kinds)
    return found


def faults(consumer: Consumer, positions: Sequence[Position], due: Sums, head: Position) -> Iterator[CoverageFault]:
    """`positions` are those of all events of its kinds."""
    coverage = consumer.coverage
    left_out = [position for hole in coverage.holes for position in within(positions, hole)]
    again = [position for span in coverage.repeated for position in within(positions, span)]
    counted = Span(coverage.after, coverage.until)  # what was noted before is in no sum
    noted = sums_of(within(left_out, counted)).plus(sums_of(within(again, counted)), -1)
    missing = due.plus(own_sums(coverage), -1).plus(noted, -1)
    more = solved(within(positions, counted), missing)
    if more:
        left_out, again = sorted([*left_out, *more[0]]), sorted([*again, *more[1]])
    yield from named("hole", left_out, "the event at position {} was not applied")
    yield from named("double", again, "the event at position {} was applied more than once")
    if not more:
        yield unknown(coverage, missing)
    if coverage.until > head:
        yield CoverageFault("foreign", coverage.until, f"events were applied up to position {coverage.until}, and the log ends at {head}")
    if between := within(positions, Span(consumer.position, coverage.until)):
        text = f"the checkpoint at position {consumer.position} is before what was applied, up to {coverage.until}"
        yield CoverageFault("behind", between[0], f"{text}: {len(between)} events from position {between[0]} on will be applied again")
    elif not consumer.resumes and (between := within(positions, Span(coverage.until, consumer.position))):
        text = f"the checkpoint at position {consumer.position} is past what was applied, up to {coverage.until}"
        yield CoverageFault("ahead", between[0], f"{text}: {len(between)} events from position {between[0]} on are left out")


def named(kind: Literal["hole", "double"], positions: Sequence[Position], text: str) -> Iterator[CoverageFault]:
    for position in positions[:MAX_NAMED]:
        yield CoverageFault(kind, position, text.format(position))
    if rest := positions[MAX_NAMED:]:
        yield CoverageFault(kind, rest[0], f"{text.format(rest[0])}; the same holds of {len(rest) - 1} events after it")


def unknown(coverage: Coverage, missing: Sums) -> CoverageFault:
    """The sums differ, in a way that fits many events."""
    where = f"between positions {coverage.after} and {coverage.until}"
    if missing.events > 0:
        return CoverageFault("hole", coverage.after, f"{missing.events} events {where} were not applied; which ones is not known")
    if missing.events < 0:
        return CoverageFault(
            "double", coverage.after, f"{-missing.events} events {where} were applied more than once, or are not of this log"
        )
    return CoverageFault("foreign", coverage.after, f"other events than those of the log {where} were applied, as many as there are")
