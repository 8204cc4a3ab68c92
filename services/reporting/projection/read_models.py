"""The tables of facts in a database, applied with their checkpoint in one transaction.

SQLite and PostgreSQL hold the same rows. A reader sees one moment of the tables, never half a batch.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Column, Connection, select, text

from services.reporting.facts.tables import TABLES
from services.reporting.facts.timeline_index import steps
from services.reporting.projection.bulk import pour
from services.reporting.projection.checkpoint import Checkpoint, Gap
from services.reporting.projection.code_version import version
from services.reporting.projection.database import SCRATCH, WRITES, open_engine, reachable
from services.reporting.projection.fact_batch import BATCH, FactBatch, uncollected
from services.reporting.projection.schema import Tables, create
from shared.errors import Replaced
from shared.message import START, Position, Recorded
from shared.store.port import EventStore, pages_as

__all__ = ["Gap", "ReadModels"]

CHECKPOINT = TABLES["checkpoint"].c
LOCK = 7_031_862  # names the lock that one writer of the read models holds in PostgreSQL


class OtherVersion(Replaced):
    """The facts were folded by other code than this, which may see the same events otherwise."""

    def __init__(self) -> None:
        super().__init__("another version made the read models: the reporting service makes them anew at its start, or `parcours rebuild`")


class ReadModels:
    """Tables that are there are left as they are found, also by those who cannot read them: see `OtherVersion`."""

    def __init__(self, url: str = SCRATCH) -> None:
        self.engine = open_engine(url)
        with self.writing() as connection:
            create(connection, TABLES)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One moment of the tables, whatever is written meanwhile.

        A moment of PostgreSQL does not hold for a table that a rebuild puts in the place of another: whose moment is older finds it
        empty. So a reader first takes the lightest lock of a table that every swap must have for itself: either the swap waits for
        the reader, or the reader waits, and its moment, which only begins with its first question, is after the swap.
        """
        with reachable(), self.engine.connect() as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text("LOCK TABLE checkpoint IN ACCESS SHARE MODE"))
            ours(connection)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One writer at a time; it sees what the one before it left."""
        options: dict[str, Any] = dict(WRITES)
        if self.engine.dialect.name == "postgresql":
            options["isolation_level"] = "READ COMMITTED"  # the lock comes first; what is read after it must be current
        with reachable(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            yield connection

    def apply(self, events: Sequence[Recorded]) -> Position:
        """Fold events that follow what was applied. Those applied before are left out; a gap raises Gap and changes nothing."""
        with self.writing() as connection:
            gathered = FactBatch(TABLES, ours(connection))
            reached = gathered.standing
            gathered.take(events)
            if gathered.standing != reached:
                gathered.write(connection)
            return gathered.standing.position

    def fill(self, store: EventStore, until: Position) -> None:
        """The facts of a log up to a position, into empty tables; without the lines of the timeline, which no figure needs."""
        gathered = FactBatch(TABLES, Checkpoint(), telling=False)
        with uncollected(), self.writing() as connection:
            for page in pages_as(Recorded, store, START, until, BATCH):
                gathered.take(page)
                if gathered.full:
                    gathered.write(connection)
            gathered.write(connection)

    def tell(self, store: EventStore, until: Position) -> None:
        """The lines of the timeline that `fill` left out."""
        with self.writing() as connection:
            for page in pages_as(Recorded, store, START, until, BATCH):
                pour(connection, TABLES["step"], steps(page))

    def close(self) -> None:
        self.engine.dispose()


def ours(connection: Connection) -> Checkpoint:
    """Where the live tables stand. Raises OtherVersion when this one did not make them."""
    name, *standing = connection.execute(select(CHECKPOINT.name, *columns(TABLES))).one()
    if not name.startswith(version()):
        raise OtherVersion
    return Checkpoint(*standing)


def moment(connection: Connection) -> tuple[str, Position]:
    """What the tables hold is the same whenever this is: who made them, and up to where."""
    name, position = connection.execute(select(CHECKPOINT.name, CHECKPOINT.position)).one()
    return name, position


def stands(connection: Connection, tables: Tables) -> Checkpoint:
    return Checkpoint(*connection.execute(select(*columns(tables))).one())


def columns(tables: Tables) -> list[Column[Any]]:
    return [tables["checkpoint"].c[name] for name in Checkpoint.__struct_fields__]


def standing(connection: Connection, tables: Tables) -> Position:
    return stands(connection, tables).position
