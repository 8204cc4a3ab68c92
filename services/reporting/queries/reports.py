"""The reports of the programme: figures, evidence, timelines, persons and lists, over the read models. Blocking, thread-safe."""

from collections.abc import Sequence
from threading import Lock
from typing import Any

from sqlalchemy import Connection, func, select

from services.reporting.answers import CommitteePage, Evidence, Figures, TerritoryName, Timeline
from services.reporting.change_answers import Changes, ChangesAsked, Moved
from services.reporting.definition_answers import Declarations, History
from services.reporting.facts import tables as t
from services.reporting.indicators.parameters import load_definitions
from services.reporting.ledger.figures import read_ledger
from services.reporting.list_answers import ListQuestion
from services.reporting.person_answers import PersonState
from services.reporting.projection.checkpoint import Checkpoint
from services.reporting.projection.database import Place
from services.reporting.projection.read_models import ReadModels, Snapshot, current_snapshot, never, read_checkpoint, snapshot_at
from services.reporting.projection.rebuild import Rebuild
from services.reporting.projection.set_aside import NONE, SetAside
from services.reporting.quarters import ordinal
from services.reporting.queries import changes, committee, declarations, evidence
from services.reporting.queries.closed import ClosedQuarters
from services.reporting.queries.figures import FigureSet, known_quarters
from services.reporting.queries.listings import lines
from services.reporting.queries.masked_figures import MaskedFigures
from services.reporting.queries.moments import Moment, moment_of
from services.reporting.queries.moved import moved, window_end
from services.reporting.queries.past_facts import PastFacts
from services.reporting.queries.person_state import person_state
from services.vocabulary.programme import PROGRAMME, Programme
from shared.address import Address
from shared.errors import Refused
from shared.message import START, EventMessage, Position
from shared.store.port import EventStore

MAX_CACHED_FIGURE_SETS = 8  # enough for a few versions and quarters of the latest position
EXACT = "exact"  # the audience that sees everything
COMMITTEE = "committee"  # the audience that sees masked figures and no details of facts
ALL_TERRITORIES = ""
CacheKey = tuple[Snapshot, int | None, str, str, str]  # …, version of the definitions, first quarter, last quarter, territory


class Reports:
    """`read_events` reads events of the log by position: the read models keep positions, not events. `log` gives closed quarters.

    Every query raises OtherVersion if other code made the read models, and Unavailable if they cannot be reached.
    """

    has_ledger = True  # figures are read from it; else all facts are counted

    def __init__(
        self, url: Place | Address | str, programme: Programme, read_events: evidence.ReadEvents, log: EventStore | None = None
    ) -> None:
        self.models = ReadModels(url, never if log is None else lambda: log.head() != START, with_ledger=self.has_ledger)
        self.read_events, self.log = read_events, log
        self.labels = {territory.id: territory.label for territory in programme.territories} | {PROGRAMME: programme.label}
        self.labels |= {grouping.id: grouping.label for grouping in programme.groupings}
        self.groupings = programme.members()
        self.territories = [territory.id for territory in programme.territories]
        self.first_recorded: str | None = None
        self.figure_sets: dict[CacheKey, FigureSet] = {}
        self.closed = ClosedQuarters(log, [*self.territories, PROGRAMME], self.groupings) if log is not None else None
        self.masked_figures: dict[tuple[FigureSet, int, int | None], MaskedFigures] = {}
        self.lock = Lock()

    # Writing ----------------------------------------------------------------------------------------------------------

    def apply(self, events: Sequence[EventMessage], aside: SetAside = NONE) -> Position:
        """Fold events and commit them with the checkpoint: see ReadModels.apply. Returns the position reached.

        Raises:
            EventGap: an event is missing before or between these.
        """
        return self.models.apply(events, aside)

    def rebuild(self, store: EventStore) -> Position:
        """Rebuild the read models from the log, beside the live ones, then swap: see Rebuild.run. Returns the position reached."""
        return Rebuild(self.models, store).run()

    def close(self) -> None:
        self.models.close()

    # Queries ----------------------------------------------------------------------------------------------------------

    def position(self) -> Position:
        return self.checkpoint().position

    def checkpoint(self) -> Checkpoint:
        with self.models.reading() as connection:
            return read_checkpoint(connection, t.TABLES)

    def quarters(self) -> list[str]:
        """Every quarter from the first to the last with a fact."""
        with self.models.reading() as connection:
            return known_quarters(connection)

    def figures(self, territory: str, quarter: str, definitions: int | None = None, as_of: str | None = None) -> Figures:
        """Exact figures, nothing masked. `definitions` is a version, by default the one in force in the quarter.

        Raises:
            Refused: the territory, the quarter, the version or the moment is unknown.
            UnknownPosition: the log ends before the moment.
        """
        moment = self.moment(as_of)
        with self.models.reading() as connection:
            figures = self.figure_set(connection, territory, quarter, definitions, moment.position if moment else None, one_cell=True)
        cells = {name: figures.exact_cell(name, territory, quarter) for name in figures.indicators_of(quarter)}
        return Figures(territory, quarter, figures.position, figures.version_in(quarter), cells)

    def committee(
        self, territory: str, quarter: str, definitions: int | None = None, audience: str = COMMITTEE, as_of: str | None = None
    ) -> CommitteePage:
        """The committee's page, masked: for a committee of closed quarters, for others of everything recorded until now, or a moment.

        Raises:
            Refused: the territory, the quarter, the version or the moment is unknown.
            UnknownPosition: the log ends before the moment.
        """
        moment = self.moment(as_of, audience)
        with self.models.reading() as connection:
            figures = self.audience_figures(connection, territory, quarter, definitions, audience, moment)
            quarters = known_quarters(connection, position=moment.position if moment else None)
            recorded = moment.recorded if moment else connection.execute(select(t.checkpoint.c.recorded)).scalar()
            begun = self.begun(connection)
        read = figures.read(quarter) if isinstance(figures, MaskedFigures) else committee.LogRead(figures.position, recorded)
        name = TerritoryName(territory, self.labels[territory])
        return committee.committee_page(figures, name, quarter, quarters, read._replace(begun=begun))

    def begun(self, connection: Connection) -> str | None:
        """When the first definitions were recorded. It is read once: they stay."""
        if self.first_recorded is None:
            first = connection.scalar(select(func.min(t.definitions.c.published_at)))
            self.first_recorded = next((event.recordedtime.isoformat() for event in self.read_events([first])), None)
        return self.first_recorded

    def evidence(
        self,
        indicator: str,
        territory: str,
        quarter: str,
        side: str = "numerator",
        audience: str = COMMITTEE,
        definitions: int | None = None,
        as_of: str | None = None,
    ) -> Evidence:
        """The facts that one side of a figure counts, or counted. For a committee they are masked with the figure, and without details.

        Raises:
            Refused: the indicator, its side, the territory, the quarter, the version or the moment is unknown.
            UnknownPosition: the log ends before the moment.
        """
        moment, masked = self.moment(as_of, audience), audience == COMMITTEE
        with self.models.reading() as connection:
            figures = self.audience_figures(connection, territory, quarter, definitions, audience, moment)
            past = None
            if moment and not masked and moment.position < current_snapshot(connection)[1]:
                past = PastFacts(connection, figures, territory, quarter, self.read_events).rows
            return evidence.evidence(connection, figures, indicator, territory, quarter, side, masked=masked, past=past)

    def timeline(self, person: str) -> Timeline:
        """The events about a person, under all of their merged records. An unknown person has no events."""
        with self.models.reading() as connection:
            history = evidence.person_history(connection, person)
        return evidence.timeline(history, self.read_events)

    def listing(self, question: ListQuestion) -> list[Any]:
        """A page of a list: see `listings`."""
        with self.models.reading() as connection:
            return lines(connection, question)

    def person(self, person: str, today: str) -> PersonState:
        """The present state of a person, under any of their records, as it is on a day (ISO)."""
        with self.models.reading() as connection:
            return person_state(connection, person, today)

    def declarations(self, version: int | None = None) -> Declarations:
        """The indicators of a version of the definitions, by default the latest.

        Raises:
            Refused: there is no such version.
        """
        with self.models.reading() as connection:
            return declarations.declarations(connection, version)

    def history(self, indicator: str, territory: str, audience: str, definitions: int | None = None, as_of: str | None = None) -> History:
        """A figure in every quarter that has one for an audience.

        Raises:
            Refused: the indicator, the territory, the version or the moment is unknown.
            UnknownPosition: the log ends before the moment.
        """
        moment = self.moment(as_of, audience)
        with self.models.reading() as connection:
            quarters = known_quarters(connection, position=moment.position if moment else None)
            if not quarters:
                return History(indicator, territory, [])
            figures = self.audience_figures(connection, territory, quarters[-1], definitions, audience, moment)
        figures.indicator(indicator, quarters[-1])
        return History(indicator, territory, declarations.trend(figures, indicator, territory, masked=audience == COMMITTEE))

    def changes(self, asked: ChangesAsked) -> Changes:
        """Why the exact figures of a quarter changed between two moments.

        Raises:
            Refused: the territory, the quarter, the indicator, the version or a moment is unknown.
            UnknownPosition: the log ends before a moment.
        """
        since, until = self.moment(asked.since), self.moment(asked.until)
        with self.models.reading() as connection:
            start, end = (current_snapshot(connection)[1] if moment is None else moment.position for moment in (since, until))
            if start > end:
                raise Refused("moments_reversed", since=start, until=end)
            cell = (connection, asked.territory, asked.quarter, asked.definitions)
            after = self.figure_set(*cell, end, one_cell=True)
            before = self.figure_set(*cell, start, one_cell=True) if load_definitions(connection, as_of=start) else None
            selection = changes.Selection(asked.quarter, self.groupings.get(asked.territory, (asked.territory,)), asked.indicator)
            intervals = changes.intervals_between(connection, asked.quarter, max(start, asked.after or start), end, asked.definitions)
            moving = changes.moving(connection, selection, intervals, asked.limit + 1)
        shown = moving[: asked.limit]
        return changes.answer(asked, before, after, shown, self.read_events, shown[-1][0] if len(moving) > len(shown) else None)

    def moved(self, after: Position, until: Position) -> Moved:
        """Which figures moved with the events after a position, up to another one."""
        with self.models.reading() as connection:
            return moved(connection, after, until, self.territories)

    def moved_next(self, after: Position, limit: int) -> Moved | None:
        """Which figures moved with each of the next events, of which at most `limit` entries are read at once. None: there are no events.

        What one event adds and the next takes away moved twice: of two answers, one may end between the two.
        """
        with self.models.reading() as connection:
            _, reached = current_snapshot(connection)
            if reached <= after:
                return None
            return moved(connection, after, window_end(connection, after, reached, limit), self.territories, by_event=True)

    def moment(self, as_of: str | None, audience: str = EXACT) -> Moment | None:
        """The moment that a reader names; None for now."""
        if as_of is None:
            return None
        assert self.log is not None, "a replay is as of its own position"
        return moment_of(self.log, as_of, hide_head=audience == COMMITTEE)

    def audience_figures(
        self, connection: Connection, territory: str, quarter: str, definitions: int | None, audience: str, moment: Moment | None = None
    ) -> FigureSet:
        """All figures as of now, or of a moment; for a committee, where the log is known, those of the quarters that were closed."""
        live = self.figure_set(connection, territory, quarter, definitions, moment.position if moment else None)
        if audience != COMMITTEE or self.closed is None:
            return live
        closed = self.closed.of(connection, live.quarters, definitions, moment.until if moment else None)
        key = (live, len(closed), definitions)
        with self.lock:
            if key not in self.masked_figures:
                latest = list(self.masked_figures.items())[-MAX_CACHED_FIGURE_SETS + 1 :]
                self.masked_figures = dict([*latest, (key, MaskedFigures(live, closed, definitions))])
            return self.masked_figures[key]

    def figure_set(
        self,
        connection: Connection,
        territory: str,
        quarter: str,
        definitions: int | None,
        as_of: Position | None = None,
        *,
        one_cell: bool = False,
    ) -> FigureSet:
        """The figures at the current snapshot, or at one before it, from the cache if possible: the next event makes another snapshot.

        The set has every territory and quarter, which masking needs. With `one_cell` it may have the requested ones alone: that takes
        a tenth of the time.
        """
        if territory not in self.labels:
            raise Refused("territory_unknown", territory=territory)
        ordinal(quarter)  # raises Refused for what is not a quarter
        snapshot = current_snapshot(connection) if as_of is None else snapshot_at(connection, as_of)
        quarters, territories = known_quarters(connection, quarter, snapshot[1]), [*self.territories, PROGRAMME]
        with self.lock:
            key = (snapshot, definitions, quarters[0], quarters[-1], ALL_TERRITORIES)
            if one_cell and key not in self.figure_sets:
                quarters, territories = [quarter], list(self.groupings.get(territory, (territory,)))
                key = (snapshot, definitions, quarter, quarter, territory)
            if key not in self.figure_sets:
                ledger = read_ledger(connection, as_of) if self.has_ledger else None
                figures = FigureSet(connection, territories, snapshot[1], definitions, quarters, self.groupings, ledger)
                latest = list(self.figure_sets.items())[-MAX_CACHED_FIGURE_SETS + 1 :]
                self.figure_sets = dict([*latest, (key, figures)])
            return self.figure_sets[key]
