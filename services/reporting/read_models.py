"""The tables of facts in a database, applied with their checkpoint in one transaction.

SQLite and PostgreSQL hold the same rows. A reader sees one moment of the tables, never half a batch.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import Connection, select, text, update

from services.reporting.bulk import existing, pour, save
from services.reporting.database import MEMORY, WRITES, open_engine, reachable
from services.reporting.facts.fold import fold, told
from services.reporting.facts.standing import Gap, Standing, following, moved
from services.reporting.facts.steps import step
from services.reporting.facts.tables import TABLES
from services.reporting.schema import Tables, create
from services.reporting.whole import Whole, through
from shared.message import EventMessage, Position
from shared.store.port import EventStore

__all__ = ["Gap", "ReadModels"]

LOCK = 7_031_862  # names the lock that one writer of the read models holds in PostgreSQL


class ReadModels:
    def __init__(self, url: str = MEMORY) -> None:
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

    def apply(self, events: Sequence[EventMessage]) -> Position:
        """Fold events that follow what was applied. Those applied before are left out; a gap raises Gap and changes nothing."""
        with self.writing() as connection:
            return advance(connection, TABLES, events)

    def fill(self, store: EventStore, until: Position) -> None:
        """The facts of a log up to a position, into empty tables; without the lines of the timeline, which no figure needs."""
        whole = Whole()
        for page in through(store, until):
            whole.take(page)
        with self.writing() as connection:
            whole.write(connection, TABLES)

    def tell(self, store: EventStore, until: Position) -> None:
        """The lines of the timeline that `fill` left out."""
        with self.writing() as connection:
            for page in through(store, until):
                pour(connection, TABLES["step"], map(step, page))

    def close(self) -> None:
        self.engine.dispose()


def stands(connection: Connection, tables: Tables) -> Standing:
    table = tables["checkpoint"].c
    row = connection.execute(select(table.position, table.recorded, table.first_quarter, table.last_quarter)).one()
    return Standing(*row)


def standing(connection: Connection, tables: Tables) -> Position:
    return stands(connection, tables).position


def advance(connection: Connection, tables: Tables, events: Sequence[EventMessage]) -> Position:
    known = stands(connection, tables)
    fresh = following(events, known.position)
    if not fresh:
        return known.position
    batch = [told(event) for event in fresh]
    save(connection, tables, fold(existing(connection, tables, batch), batch))
    pour(connection, tables["step"], map(step, fresh))
    move(connection, tables, moved(known, fresh))
    return fresh[-1].position


def move(connection: Connection, tables: Tables, reached: Standing) -> None:
    connection.execute(update(tables["checkpoint"]).values(msgspec.structs.asdict(reached)))
