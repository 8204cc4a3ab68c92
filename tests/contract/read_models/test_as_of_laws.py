"""As of any position the live read models say what a replay up to it says: with facts that are set aside, wherever subtotals are kept."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw, json
from msgspec.structs import replace
from sqlalchemy import Connection

from services.reporting.ledger import balances
from services.reporting.projection import fact_batch, rebuild
from services.reporting.queries import changes
from services.reporting.queries.replay import Replay
from services.reporting.queries.reports import Reports
from services.vocabulary.programme import PROGRAMME
from services.vocabulary.set_aside import EVENT_TYPE, STREAM
from shared.message import EventMessage, Position
from shared.store.port import EventStore
from tests.contract.read_models.tables import random_history
from tests.contract.read_models.test_figure_laws import EXAMPLES
from tests.contract.read_models.test_ledger_laws import SECOND, unshrunk
from tests.unit.reporting.history import ORNE
from tests.unit.reporting.random_histories import Line, random_lines, recorded

Decisions = Sequence[tuple[float, float]]  # which event is set aside, and when, as shares of the history
DECISION = {"reason": "Erreur", "on": "2022-07-01", "requested_by": "coach-1", "approved_by": "coordinator-1"}
decisions = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=4)


class ListedLog:
    """What a fold asks of a log, from a list."""

    def __init__(self, events: Sequence[EventMessage]) -> None:
        self.events = events

    def head(self) -> Position:
        return self.events[-1].position

    def read_all(self, after: Position, limit: int) -> list[EventMessage]:
        return self.read_as(EventMessage, after, limit)

    def read_as(self, shape: type[Any], after: Position, limit: int) -> list[EventMessage]:
        return [event for event in self.events if event.position > after][:limit]

    def read_at(self, positions: Sequence[Position]) -> list[EventMessage]:
        return [event for event in self.events if event.position in set(positions)]

    def read_stream(self, stream: str, after: int = 0) -> Iterator[EventMessage]:
        assert stream == STREAM
        return (event for event in self.events if event.type == EVENT_TYPE)


def with_decisions(events: Sequence[EventMessage], decided: Decisions, but: EventMessage | None = None) -> list[EventMessage]:
    """The history with decisions to set events aside, each somewhere after its event; positions follow from the order."""
    found: list[tuple[EventMessage, EventMessage | None]] = [(event, None) for event in events]
    for which, when in decided:
        index = 1 + int(which * (len(found) - 2))
        about = found[index][0]
        if about.type != EVENT_TYPE and about is not but and about not in [each for _, each in found]:
            later = index + 1 + int(when * (len(found) - index - 1))
            found.insert(later, (replace(found[later - 1][0], type=EVENT_TYPE, territory="all"), about))
    position_of = {id(event): number for number, (event, _) in enumerate(found, start=1)}
    numbered = []
    for number, (event, decided_about) in enumerate(found, start=1):
        data = event.data if decided_about is None else Raw(json.encode(DECISION | {"position": position_of[id(decided_about)]}))
        numbered.append(replace(event, position=number, previous=number - 1, data=data))
    return numbered


def as_replayed(store: EventStore, position: Position) -> dict[str, Any]:
    report = Replay(store, position, ORNE)
    try:
        return everything(report, position)
    finally:
        report.close()


def everything(report: Reports, position: Position) -> dict[str, Any]:
    """Every figure, target and release as of a position."""
    with report.models.reading() as connection:
        figures = report.figure_set(connection, "all", "2023-Q1", None, position)
    return {name: getattr(figures, name) for name in ("position", "quarters", "figures", "targets", "released", "published")}


@contextmanager
def subtotals_after(entries: int) -> Iterator[None]:
    """Subtotals come after so few entries, and rows are written after so few events, that a small history has many of them."""
    with ExitStack() as small:
        small.enter_context(patch.object(balances, "LEAST_ENTRIES", entries))
        small.enter_context(patch.object(fact_batch, "MAX_ROWS", entries))
        small.enter_context(patch.object(rebuild, "READ_PAGE_SIZE", 1 + entries // 10))
        yield


def test_as_of_positions_before_and_after_decisions_about_merged_persons_and_targets(report: Reports) -> None:
    first, target = 0.0, 1.0  # the meeting of somebody who is merged later; the last event
    store: Any = ListedLog(with_decisions(random_history(7, 12), [(target, 1.0), (first, 0.99), (0.4, 0.3)]))
    with subtotals_after(5):
        report.rebuild(store)
    assert len({as_of["targets"] != {} for as_of in (everything(report, position) for position in last(3, store))}) == 2
    for position in (*range(1, store.head(), 11), *last(8, store)):
        assert everything(report, position) == as_replayed(store, position)


def last(count: int, store: EventStore) -> range:
    return range(store.head() - count + 1, store.head() + 1)


@settings(unshrunk, max_examples=max(1, EXAMPLES // 3))
@given(lines=random_lines(), decided=decisions, shares=st.lists(st.floats(0, 1), min_size=1, max_size=4), spacing=st.integers(1, 400))
def test_as_of_any_position_it_is_as_replayed(
    report: Reports, lines: list[Line], decided: Decisions, shares: list[float], spacing: int
) -> None:
    store: Any = ListedLog(with_decisions(recorded(lines).events, decided))
    with subtotals_after(spacing):
        report.rebuild(store)
    for share in shares:
        position = 1 + int(share * (store.head() - 1))
        assert everything(report, position) == as_replayed(store, position)


@settings(unshrunk, max_examples=max(1, EXAMPLES // 3))
@given(lines=random_lines(), decided=decisions, shares=st.tuples(st.floats(0, 1), st.floats(0, 1)), published=st.floats(0, 1))
def test_what_moved_between_two_positions_is_the_difference_of_their_figures(
    report: Reports, lines: list[Line], decided: Decisions, shares: tuple[float, float], published: float
) -> None:
    """Of each side of each indicator, in every territory: merges, decisions and another version of the definitions included."""
    history = recorded(lines)
    second = history.record("reporting.DefinitionsPublished", "2022-06-01", "all", **SECOND)
    events = history.events[:-1]
    events.insert(1 + int(published * (len(events) - 1)), second)
    store: Any = ListedLog(with_decisions(events, decided, but=second))
    report.rebuild(store)
    since, until = sorted(1 + int(share * (store.head() - 1)) for share in shares)
    for quarter in ("2022-Q4", "2023-Q2"):
        with report.models.reading() as connection:
            intervals = changes.intervals_between(connection, quarter, since, until, None)
            selection = changes.Selection(quarter, [PROGRAMME])
            moved: Counter[tuple[str, str, str]] = Counter()
            for _, moves in changes.moving(connection, selection, intervals, store.head()):
                for move in moves:
                    moved[move.indicator, move.side, move.territory] += move.change
            before, after = (counted_at(report, connection, quarter, position) for position in (since, until))
        assert {key: change for key, change in moved.items() if change} == {
            key: difference for key in before | after if (difference := after[key] - before[key])
        }


def counted_at(report: Reports, connection: Connection, quarter: str, position: Position) -> Counter[tuple[str, str, str]]:
    """How many each side counts, by indicator, side and territory."""
    figures, found = report.figure_set(connection, "all", quarter, None, position), Counter[tuple[str, str, str]]()
    for name, cells in figures.figures.items():
        for territory in report.territories:
            figure = cells[territory, quarter]
            found[name, "numerator", territory] = figure.numerator
            found[name, "denominator", territory] = figure.denominator or 0
    return found
