"""The coverage of a consumer: which events of the log it has applied, in so few bytes that it is committed with every checkpoint.

How it works
------------
A checkpoint says how far a consumer is. It does not say that everything before was applied: an event that was skipped leaves no trace in
it. So a consumer also keeps, in the same commit, what it applied:

- how many events, the sum of their positions, and the sum of the squares of their positions;
- the holes and repetitions that it noticed itself. Each event names the one before it (`previous`), so whatever a reader leaves out or
  gives twice is noticed when the next event arrives, and noted by position.

Sums do not depend on how events were batched, take what is applied later, and can be computed from the log by anyone
(`shared.proof.coverage_audit`). They differ from those of the log, with certainty, if events were left out and none was repeated, or the
other way round: the counts differ. They also do if as many were left out as were repeated, and these are one or two: two sets of so few
numbers have the same sums only if they are the same (Newton's identities). What was left out or repeated can mostly be computed from them.

Coverage is no seal: whoever may write a consumer's tables can write this one. It is for defects, lost commits and restored files.
That the events of the log are what they were is proved by its tree heads (`shared.proof`).

Coverage begins at a position: the start of the log, or where a consumer was that had kept none.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from operator import mul

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from shared.message import START, Position, Recorded

MAX_SPANS = 64  # holes, or repetitions, that are noted; more are still told by the sums


class Span(Struct, frozen=True, array_like=True, order=True):
    """The events after one position, up to and with another one."""

    after: Position
    until: Position


class Coverage(Struct, frozen=True):
    """`until` is the last event that the consumer has passed, `events` how many of its `kinds` (None: all) it has applied since `after`.

    `total` and `squares` are decimal numbers: the sums of the positions applied, and of their squares.
    """

    after: Position = START
    until: Position = START
    events: int = 0
    total: str = "0"
    squares: str = "0"
    holes: tuple[Span, ...] = ()
    repeated: tuple[Span, ...] = ()
    kinds: tuple[str, ...] | None = None

    def text(self) -> str:
        return encode(self).decode()

    def concerns(self, event: Recorded) -> bool:
        return self.kinds is None or event.kind in self.kinds


encode = msgspec.json.Encoder().encode
read_coverage = msgspec.json.Decoder(Coverage).decode


def begun(position: Position, kinds: Collection[str] | None = None, earlier: Coverage | None = None) -> Coverage:
    """A new coverage from a position on. What an earlier one has noted is kept until somebody has seen to it."""
    noted = (earlier.holes, earlier.repeated) if earlier else ((), ())
    return Coverage(position, position, holes=noted[0], repeated=noted[1], kinds=None if kinds is None else tuple(sorted(kinds)))


def resumed(stored: str | None, position: Position, kinds: Collection[str] | None = None) -> Coverage:
    """The coverage of a consumer that goes on at the position of its checkpoint.

    A consumer that has none begins one; so does one that is bound to other kinds of events than before.
    """
    if not stored:
        return begun(position, kinds)
    coverage = read_coverage(stored)
    of_kinds = None if kinds is None else tuple(sorted(kinds))
    return coverage if coverage.kinds == of_kinds else begun(coverage.until, kinds, coverage)


def applied(coverage: Coverage, page: Sequence[Recorded], done: Sequence[Position]) -> Coverage:
    """The coverage after a page of consecutive events of the log, of which the consumer has applied those at the positions `done`."""
    if not page:
        return coverage
    positions = [event.position for event in page]
    if coverage.kinds is None:
        due = positions
    else:
        kinds = frozenset(coverage.kinds)
        due = [event.position for event in page if event.kind in kinds]
    if due != done or [event.previous for event in page] != [coverage.until, *positions[:-1]]:
        coverage = noticed(coverage, page, due, done)
    return replace(with_sums(coverage, done), until=max(coverage.until, positions[-1]))


def with_sums(coverage: Coverage, done: Sequence[Position]) -> Coverage:
    return replace(
        coverage,
        events=coverage.events + len(done),
        total=str(int(coverage.total) + sum(done)),
        squares=str(int(coverage.squares) + sum(map(mul, done, done))),
    )


def noticed(coverage: Coverage, page: Sequence[Recorded], due: Sequence[Position], done: Sequence[Position]) -> Coverage:
    """Note what the page leaves out, and what it gives again."""
    reached, counts = coverage.until, Counter(done)
    holes, repeated, wanted = [*coverage.holes], [*coverage.repeated], frozenset(due)
    for event in page:
        previous = event.previous if isinstance(event.previous, int) else reached
        span = Span(min(previous, event.position - 1), event.position)
        if previous > reached:
            holes.append(Span(reached, previous))
        times = counts.pop(event.position, 0)
        if event.position <= reached:
            repeated += [span] * (times > 0)
        elif times != (event.position in wanted):
            (repeated if times > (event.position in wanted) else holes).append(span)
        reached = max(reached, event.position)
    repeated += [Span(position - 1, position) for position in sorted(counts)]
    return replace(coverage, holes=joined(holes), repeated=joined(repeated))


def joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    """The same spans, in order, those that follow each other as one, the first MAX_SPANS of them."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.after <= found[-1].until:
            found[-1] = Span(found[-1].after, max(found[-1].until, span.until))
        else:
            found.append(span)
    return tuple(found[:MAX_SPANS])


def made_good(coverage: Coverage, event: Recorded) -> Coverage:
    """The coverage after an event was applied late. It changes only if the event is in a hole."""
    position = event.position
    hole = next((hole for hole in coverage.holes if hole.after < position <= hole.until), None)
    if hole is None:
        return coverage
    rest = (Span(hole.after, position - 1), Span(position, hole.until))
    holes = tuple(span for each in coverage.holes for span in (rest if each == hole else (each,)) if span.after < span.until)
    counted = [position] if position > coverage.after else []  # what an earlier coverage has noted is in no sum of this one
    return replace(with_sums(coverage, counted), holes=holes)
