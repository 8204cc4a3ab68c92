"""As of any position, the facts under a figure are those of a replay up to it, and as many as the figure counts."""

from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.reporting.answers import Evidence
from services.reporting.queries.replay import Replay
from services.reporting.queries.reports import EXACT, Reports
from services.vocabulary.programme import PROGRAMME
from services.vocabulary.set_aside import STREAM
from shared.message import Position
from tests.contract.read_models.tables import random_history
from tests.contract.read_models.test_as_of_laws import Decisions, ListedLog, decisions, subtotals_after, with_decisions
from tests.contract.read_models.test_figure_laws import EXAMPLES
from tests.contract.read_models.test_ledger_laws import SECOND, unshrunk
from tests.unit.reporting.counted import sides
from tests.unit.reporting.history import ORNE, History
from tests.unit.reporting.random_histories import Line, random_lines, recorded

PLACES = [(PROGRAMME, "2022-Q4"), ("alencon", "2023-Q1"), ("ouest", "2022-Q3"), ("flers", "2023-Q3")]
Cell = tuple[str, str, str, str]  # indicator, side, territory, quarter


def cells(places: Sequence[tuple[str, str]]) -> Iterator[Cell]:
    for name, side, _ in sides():
        yield from ((name, side, territory, quarter) for territory, quarter in places)


def evidence(report: Reports, cell: Cell, position: Position | None = None) -> Evidence:
    name, side, territory, quarter = cell
    return report.evidence(name, territory, quarter, side, EXACT, None, None if position is None else str(position))


def follow(report: Reports, store: Any) -> None:
    """Make the read models of a log, from which they also read events and moments."""
    report.log, report.read_events = store, store.read_at
    report.rebuild(store)


def check_as_of(report: Reports, store: Any, position: Position, places: Sequence[tuple[str, str]]) -> int:
    """How many facts there are."""
    replayed, found = Replay(store, position, ORNE), 0
    try:
        for cell in cells(places):
            then = evidence(report, cell, position)
            assert then == evidence(replayed, cell), cell
            assert then.count == counted(report, cell, position), cell
            found += len(then.facts)
        return found
    finally:
        replayed.close()


def counted(report: Reports, cell: Cell, position: Position) -> int:
    """What the ledger counts."""
    name, side, territory, quarter = cell
    with report.models.reading() as connection:
        figure = report.figure_set(connection, territory, quarter, None, position).figure(name, territory, quarter)
    return figure.numerator if side == "numerator" else figure.denominator or 0


def test_before_and_after_merges_and_decisions_the_facts_are_those_of_then(report: Reports) -> None:
    history = random_history(7, 12)
    store: Any = ListedLog(with_decisions(history, [(0.0, 0.99), (0.4, 0.3), (0.95, 0.5), (1.0, 1.0)]))
    follow(report, store)
    found = [check_as_of(report, store, position, PLACES[:2]) for position in (20, *range(60, store.head(), 36), store.head() - 1)]
    assert found[-1] > found[0] > 10


def test_who_was_one_person_then_is_found_from_either_record_though_they_are_separated_now(report: Reports) -> None:
    """The figure changed with an event about one of the records, and the other one has what it needs too."""
    history = History()
    for kept, merged, met_first in (("p1", "p2", True), ("p3", "p4", False)):
        history.record("intake.PersonsMerged", "2022-07-01", kept=kept, merged=merged)
        if met_first:
            history.meet(kept, "2022-07-02")
        history.refer(merged, "2022-07-03", "r1")
        if not met_first:
            history.meet(kept, "2022-07-04")
    then = history.events[-1].position
    for kept, merged in (("p1", "p2"), ("p3", "p4")):
        history.record("intake.PersonsSeparated", "2022-08-01", kept=kept, merged=merged)
    follow(report, ListedLog(history.events))
    redirected = ("redirection_rate", "numerator", "alencon", "2022-Q3")
    assert evidence(report, redirected).count == 0
    assert persons(report, redirected, then) == ["p1", "p3"]


def persons(report: Reports, cell: Cell, position: Position) -> list[Any]:
    return [fact.person for fact in evidence(report, cell, position).facts]


def test_who_counts_by_a_decision_alone_is_found(report: Reports) -> None:
    """A record met first elsewhere is the same person: only when that is set aside does the meeting here count."""
    history = History()
    history.record("intake.PersonsMerged", "2022-07-01", kept="p1", merged="p2")
    history.meet("p2", "2022-07-02", "alencon")
    history.meet("p1", "2022-07-05", "flers")
    for number in range(9):
        history.meet(f"later-{number}", "2022-07-20", "laigle")
    store: Any = ListedLog(with_decisions(history.events, [(0.1, 0.3)]))
    follow(report, store)
    (decision,) = store.read_stream(STREAM)
    met = ("people_met", "numerator", "flers", "2022-Q3")
    assert persons(report, met, decision.position - 1) == []
    assert persons(report, met, decision.position) == ["p1"]
    assert store.head() > decision.position


def test_under_definitions_published_among_facts_who_counts_still_and_who_counted_is_found(report: Reports) -> None:
    history = History()
    for person in ("still", "then"):
        history.success(person, "2022-07-01", "2022-08-01", "SIAE")  # which only the second version calls positive
    history.record("reporting.DefinitionsPublished", "2022-08-02", "all", **SECOND)
    history.meet("somebody", "2022-08-03")
    published = history.events[-1].position
    history.record("coaching.ExitNeutralised", "2022-09-01", person="then", rank=1, reason="DECES")
    follow(report, ListedLog(history.events))
    positive = ("positive_rate", "numerator", "alencon", "2022-Q3")
    assert [fact.person for fact in evidence(report, positive).facts] == ["still"]
    assert persons(report, positive, published) == ["still", "then"]


@settings(unshrunk, max_examples=max(1, EXAMPLES // 3))
@given(
    lines=random_lines(),
    decided=decisions,
    shares=st.lists(st.floats(0, 1), min_size=1, max_size=3),
    place=st.sampled_from(PLACES),
    published=st.none() | st.floats(0, 1),
)
def test_as_of_any_position_the_facts_are_as_replayed(
    report: Reports, lines: list[Line], decided: Decisions, shares: list[float], place: tuple[str, str], published: float | None
) -> None:
    """Also under a version of the definitions that was published in between."""
    history = recorded(lines)
    second = history.record("reporting.DefinitionsPublished", "2022-06-01", "all", **SECOND)
    events = history.events[:-1]
    if published is not None:
        events.insert(1 + int(published * (len(events) - 1)), second)
    store: Any = ListedLog(with_decisions(events, decided, but=second))
    with subtotals_after(50):
        follow(report, store)
    for share in shares:
        check_as_of(report, store, 1 + int(share * (store.head() - 1)), [place])
