"""The reports of a quarter: figures, the committee's page, what is behind them. Thread-safe; blocking."""

from collections.abc import Sequence
from threading import Lock
from typing import Any, Protocol

from sqlalchemy import Connection, select

from services.reporting.facts import tables as t
from services.reporting.facts.decisions import PROGRAMME
from services.reporting.projection.checkpoint import Checkpoint
from services.reporting.projection.read_models import ReadModels, current_snapshot, read_checkpoint
from services.reporting.projection.rebuild import Rebuild
from services.reporting.quarters import ordinal
from services.reporting.queries import committee, evidence
from services.reporting.queries.figures import FigureSet, quarters_of
from shared.errors import Refused
from shared.message import EventMessage, Position
from shared.store.port import EventStore

KEPT = 8  # sheets in memory: a few versions and quarters of the latest position
COMMITTEE = "committee"
Model = dict[str, Any]
Moment = tuple[str, Position]


class Territory(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...


class Programme(Protocol):
    @property
    def label(self) -> str: ...
    @property
    def territories(self) -> Sequence[Territory]: ...


class Reports:
    """`events` reads the events at some positions of the log: what a figure or a line of a timeline rests on stays there alone."""

    def __init__(self, url: str, programme: Programme, events: evidence.Events) -> None:
        self.models = ReadModels(url)
        self.events = events
        self.labels = {territory.id: territory.label for territory in programme.territories} | {PROGRAMME: programme.label}
        self.territories = [territory.id for territory in programme.territories]
        self.sheets: dict[tuple[Moment, int | None, str, str, str], FigureSet] = {}
        self.lock = Lock()

    # What comes in ----------------------------------------------------------------------------------------------------

    def apply(self, events: Sequence[EventMessage]) -> Position:
        """Fold events, each with its `previous`, and their checkpoint, in one transaction. Raises Gap when some are missing."""
        return self.models.apply(events)

    def rebuild(self, store: EventStore) -> Position:
        """Build the read models again from the log, beside the live ones, and swap. Gives the position that they reach."""
        return Rebuild(self.models, store).run()

    def close(self) -> None:
        self.models.close()

    # What is asked ----------------------------------------------------------------------------------------------------

    def position(self) -> Position:
        return self.checkpoint().position

    def checkpoint(self) -> Checkpoint:
        with self.models.reading() as connection:
            return read_checkpoint(connection, t.TABLES)

    def quarters(self) -> list[str]:
        with self.models.reading() as connection:
            return quarters_of(connection)

    def figures(self, territory: str, quarter: str, definitions: int | None = None) -> Model:
        """Exact figures, nothing masked: for those who may see them."""
        with self.models.reading() as connection:
            sheet = self.sheet(connection, territory, quarter, definitions, alone=True)
        return {
            "territory": territory,
            "quarter": quarter,
            "position": sheet.position,
            "definitions": sheet.definitions.version,
            "indicators": {name: sheet.exact(name, territory, quarter) for name in sheet.indicators},
        }

    def committee(self, territory: str, quarter: str, definitions: int | None = None) -> Model:
        with self.models.reading() as connection:
            sheet = self.sheet(connection, territory, quarter, definitions)
            quarters = quarters_of(connection)
            recorded = connection.execute(select(t.checkpoint.c.recorded)).scalar()
        place = {"id": territory, "label": self.labels[territory]}
        return committee.page(sheet, place, quarter, quarters, recorded)

    def evidence(
        self,
        indicator: str,
        territory: str,
        quarter: str,
        side: str = "numerator",
        audience: str = COMMITTEE,
        definitions: int | None = None,
    ) -> Model:
        """The facts behind one side of a figure. For a committee they are masked with the figure, and bare."""
        with self.models.reading() as connection:
            sheet = self.sheet(connection, territory, quarter, definitions)
            return evidence.evidence(connection, sheet, indicator, territory, quarter, side, masked=audience == COMMITTEE)

    def timeline(self, person: str) -> Model:
        """Every step of a person's way, under all the records that were merged, in the order of recording."""
        with self.models.reading() as connection:
            way = evidence.way(connection, person)
        return evidence.timeline(way, self.events)

    def sheet(self, connection: Connection, territory: str, quarter: str, definitions: int | None, *, alone: bool = False) -> FigureSet:
        """What this moment says, computed once: the next event makes it another, and so does a rebuild.

        Of every place and quarter together, or of the asked one alone where its neighbours are not needed: a tenth of the work.
        """
        if territory not in self.labels:
            raise Refused("territory_unknown", territory=territory)
        ordinal(quarter)  # refuses what is not a quarter
        now = current_snapshot(connection)
        quarters, places = quarters_of(connection, quarter), [*self.territories, PROGRAMME]
        with self.lock:
            key = (now, definitions, quarters[0], quarters[-1], "")
            if alone and key not in self.sheets:
                quarters, places = [quarter], [territory]
                key = (now, definitions, quarter, quarter, territory)
            if key not in self.sheets:
                made = FigureSet(connection, places, now[1], definitions, quarters)
                self.sheets = dict([*list(self.sheets.items())[-KEPT + 1 :], (key, made)])
            return self.sheets[key]
