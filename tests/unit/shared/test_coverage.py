"""What a consumer says to have applied does not depend on batches, and tells of every event that was left out or applied twice."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.coverage import MAX_SPANS, Coverage, Span, applied, begun, made_good, read_coverage, resumed
from shared.message import PREFIX, Position, Recorded
from shared.proof.coverage_sums import Sums, solved, sums_of

NOW = datetime(2024, 4, 2, tzinfo=UTC)


def log(positions: Sequence[Position], kinds: str = "a") -> list[Recorded]:
    """Events at these positions, of these kinds in turn."""
    return [
        Recorded(
            previous=previous,
            position=position,
            recordedtime=NOW,
            type=f"{PREFIX}{kinds[place % len(kinds)]}",
            time=NOW,
            dataschema="",
            territory="",
        )
        for place, (previous, position) in enumerate(zip((0, *positions), positions, strict=False))
    ]


def positions_of(events: Sequence[Recorded]) -> list[Position]:
    return [event.position for event in events]


def covered(events: Sequence[Recorded], coverage: Coverage | None = None) -> Coverage:
    """All of them applied, one page after the other."""
    return applied(coverage or begun(0), events, positions_of(events))


RISING = st.lists(st.integers(1, 2**53), min_size=1, max_size=60, unique=True).map(sorted)


@given(RISING, st.integers(1, 60))
def test_batches_make_no_difference_and_nothing_is_noted_when_all_is_applied(positions: list[Position], size: int) -> None:
    events = log(positions)
    coverage = begun(0)
    for start in range(0, len(events), size):
        coverage = covered(events[start : start + size], coverage)
    assert coverage == covered(events) == read_coverage(coverage.text())
    assert (coverage.until, coverage.holes, coverage.repeated) == (positions[-1], (), ())
    assert Sums(coverage.events, int(coverage.total), int(coverage.squares)) == sums_of(positions)


def test_an_event_that_a_reader_leaves_out_is_a_hole() -> None:
    events = log(range(1, 10))
    within_page = covered([*events[:3], *events[4:]])
    between_pages = covered(events[4:], covered(events[:3]))
    assert within_page.holes == between_pages.holes == (Span(3, 4),)
    assert covered(events[6:], covered(events[:3])).holes == (Span(3, 6),)


def test_an_event_that_the_consumer_passes_over_is_a_hole() -> None:
    events = log(range(1, 10), "ab")
    coverage = applied(begun(0, ["a"]), events, [1, 5, 9])
    assert (coverage.until, coverage.events) == (9, 3)
    assert coverage.holes == (Span(2, 3), Span(6, 7))
    assert applied(begun(0, ["a"]), events, [1, 3, 5, 7, 9]).holes == ()


def test_what_is_applied_again_is_noted_within_a_page_and_in_a_later_one() -> None:
    events = log(range(1, 10))
    assert applied(begun(0), events, [1, 2, 3, 4, 5, 5, 6, 7, 8, 9]).repeated == (Span(4, 5),)
    again = covered(events[6:], covered(events[:8]))
    assert (again.repeated, again.holes, again.until) == ((Span(6, 8),), (), 9)
    assert covered(events[2:4], covered(events)).until == 9  # what is done again is no way back
    assert applied(begun(0, ["a"]), log(range(1, 6), "ab"), [1, 2, 3, 5]).repeated == (Span(1, 2),)  # it is none of its kinds


def test_a_hole_is_closed_by_the_events_that_were_left_out_and_by_no_others() -> None:
    events = log(range(1, 10))
    coverage = covered(events[6:], covered(events[:3]))
    assert made_good(coverage, events[1]) == coverage
    for event, holes in ((events[4], (Span(3, 4), Span(5, 6))), (events[3], (Span(5, 6),)), (events[5], ())):
        coverage = made_good(coverage, event)
        assert coverage.holes == holes
    assert coverage == covered(events)
    assert made_good(coverage, events[4]) == coverage


def test_a_consumer_goes_on_with_what_it_has_and_begins_where_it_is_if_it_has_nothing() -> None:
    events = log(range(1, 10), "ab")
    assert resumed(None, 7) == resumed("", 7) == begun(7)
    coverage = applied(begun(0, ["a"]), events[:5], [1, 3, 5])
    assert resumed(coverage.text(), 5, {"a"}) == coverage
    ahead = applied(resumed(coverage.text(), 7, {"a"}), events[7:], [9])  # its checkpoint is past what it has applied
    assert ahead.holes == (Span(5, 7),)


def test_a_consumer_of_other_kinds_begins_again_and_keeps_what_was_noted() -> None:
    events = log(range(1, 10), "ab")
    coverage = applied(begun(0, ["a"]), events[:5], [1, 5])
    other = resumed(coverage.text(), 5, ["a", "b"])
    assert (other.after, other.until, other.events, other.holes) == (5, 5, 0, (Span(2, 3),))
    closed = made_good(applied(other, events[5:], [6, 7, 8, 9]), events[2])
    assert (closed.holes, closed.events) == ((), 4)


def test_what_is_noted_is_bounded() -> None:
    events = log(range(1, 1_000))
    coverage = applied(begun(0), events, [*range(1, 1_000, 2)])
    assert len(coverage.holes) == MAX_SPANS
    assert coverage.holes[0] == Span(1, 2)
    assert len(coverage.text()) < 2_000


@given(RISING, st.data())
def test_one_or_two_events_left_out_or_repeated_and_any_run_of_them_are_computed_from_the_sums(
    positions: list[Position], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(positions) - 1))
    run = positions[start : data.draw(st.integers(start + 1, len(positions)))]
    assert solved(positions, sums_of(run)) == (run, [])
    assert solved(positions, Sums(0, 0, 0).plus(sums_of(run), -1)) == ([], run)
    pair = sorted(data.draw(st.lists(st.sampled_from(positions), min_size=1, max_size=2, unique=True)))
    assert solved(positions, sums_of(pair)) == (pair, [])
    if len(pair) == 2:
        left_out, again = pair
        assert solved(positions, sums_of([left_out]).plus(sums_of([again]), -1)) == ([left_out], [again])


@given(RISING, st.data())
def test_no_loss_without_repetition_leaves_the_sums_as_they_are(positions: list[Position], data: st.DataObject) -> None:
    lost = data.draw(st.lists(st.sampled_from(positions), min_size=1, unique=True))
    assert sums_of(positions) != sums_of([each for each in positions if each not in lost])
    assert sums_of(positions) != sums_of(sorted([*positions, *lost]))


@pytest.mark.parametrize(
    "missing", [Sums(0, 5, 7), Sums(0, 2, 2 * 10**9), Sums(3, 1, 1), Sums(2, 10**9, 1), Sums(10**6, 1, 1), Sums(0, 0, 4)]
)
def test_sums_that_fit_no_such_events_name_none(missing: Sums) -> None:
    assert solved([1, 2, 3, 10, 20], missing) is None
