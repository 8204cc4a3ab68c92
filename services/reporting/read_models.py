"""The tables of facts in a database: applied with their checkpoint in one transaction, and rebuilt beside the live ones.

SQLite and PostgreSQL hold the same rows. A reader sees one moment of the tables, never half a batch.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy import Connection, Insert, MetaData, Table, delete, insert, select, text, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import quoted_name

from services.reporting.database import MEMORY, WRITES, open_engine, reachable
from services.reporting.facts.fold import Rows, Told, fold, roots, steps, told, touched
from services.reporting.facts.tables import KEYS, TABLES, Key, Row, calendar, quarter_of
from shared.errors import Fault
from shared.message import START, EventMessage, Position
from shared.store.port import EventStore, pages

NAME = "reporting"
OWN = "reporting."
CHUNK = 4_000  # keys in one question: under SQLite's limit of bound variables
BATCH = 16_384  # events folded in memory before they are written
LOCK = 7_031_862  # names the lock that one writer of the read models holds in PostgreSQL
Tables = Mapping[str, Table]


class Gap(Fault):
    """Events are missing between what was applied and what comes. A projection never skips: it stops and says so."""


class ReadModels:
    def __init__(self, url: str = MEMORY) -> None:
        self.engine = open_engine(url)
        with self.writing() as connection:
            create(connection, TABLES)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One moment of the tables, whatever is written meanwhile."""
        with reachable(), self.engine.connect() as connection, connection.begin():
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

    def rebuild(self, store: EventStore) -> Position:
        """Build every table again from the log, beside the live ones, then put them in their place in one transaction."""
        beside = renamed("rebuilt_")
        with self.writing() as connection:
            drop(connection, beside)
            create(connection, beside)
        reached = START
        while True:
            reached = self.follow(store, beside, reached, store.head())
            with self.writing() as connection:
                if standing(connection, TABLES) <= reached:
                    swap(connection, beside)
                    return reached

    def follow(self, store: EventStore, tables: Tables, after: Position, until: Position) -> Position:
        for page in pages(store, after, until, BATCH):
            with self.writing() as connection:
                after = advance(connection, tables, page)
        return after

    def close(self) -> None:
        self.engine.dispose()


def renamed(prefix: str) -> Tables:
    beside = MetaData()
    made = {name: table.to_metadata(beside, name=f"{prefix}{name}") for name, table in TABLES.items()}
    for table in made.values():
        for index in table.indexes:
            index.name = quoted_name(f"{prefix}{index.name}", quote=None)
    return made


def create(connection: Connection, tables: Tables) -> None:
    for table in tables.values():
        table.create(connection, checkfirst=True)
    if connection.execute(select(tables["checkpoint"].c.name)).first() is None:
        connection.execute(insert(tables["checkpoint"]), {"name": NAME, "position": START})
        connection.execute(insert(tables["quarter"]), calendar())


def drop(connection: Connection, tables: Tables) -> None:
    for table in tables.values():
        table.drop(connection, checkfirst=True)


def swap(connection: Connection, beside: Tables) -> None:
    """Readers see the old rows until this transaction ends, and the new ones after it."""
    for name, table in TABLES.items():
        connection.execute(delete(table))
        connection.execute(insert(table).from_select([column.name for column in table.columns], select(beside[name])))
    drop(connection, beside)


def standing(connection: Connection, tables: Tables) -> Position:
    return int(connection.execute(select(tables["checkpoint"].c.position)).scalar_one())


def advance(connection: Connection, tables: Tables, events: Sequence[EventMessage]) -> Position:
    reached = standing(connection, tables)
    fresh = following(events, reached)
    if not fresh:
        return reached
    batch = [told(event) for event in fresh]
    rows = fold(existing(connection, tables, batch) if reached != START else {}, batch)
    save(connection, tables, rows)
    lines = steps(fresh)
    bulk(connection, insert(tables["step"]), lines)
    move(connection, tables, fresh[-1], {line["on"] for line in lines if not line["kind"].startswith(OWN)})
    return fresh[-1].position


def following(events: Sequence[EventMessage], reached: Position) -> list[EventMessage]:
    """The events not applied yet, each the next of the one before."""
    fresh = [event for event in events if event.position > reached]
    for event in fresh:
        if event.previous != reached:
            raise Gap(f"Event {event.id} ({event.kind}) at {event.position} follows {event.previous}; the read models stand at {reached}.")
        reached = event.position
    return fresh


def existing(connection: Connection, tables: Tables, batch: Sequence[Told]) -> Rows:
    rows: Rows = {}
    for name, keys in touched(batch).items():
        if "position" in KEYS[name]:
            continue  # a row of a position that was never applied cannot be there
        for row in found(connection, tables[name], KEYS[name], sorted(keys)):
            rows[name, tuple(row[column] for column in KEYS[name])] = row
    return rows


def found(connection: Connection, table: Table, names: tuple[str, ...], keys: Sequence[Key]) -> Iterator[Row]:
    place = tuple_(*(table.c[name] for name in names)) if len(names) > 1 else table.c[names[0]]
    for start in range(0, len(keys), CHUNK):
        asked = keys[start : start + CHUNK]
        values = asked if len(names) > 1 else [key for (key,) in asked]
        yield from (dict(row) for row in connection.execute(select(table).where(place.in_(values))).mappings())


def save(connection: Connection, tables: Tables, rows: Rows) -> None:
    """One upsert for each table."""
    by_table: dict[str, list[Row]] = {}
    for (name, _), row in rows.items():
        by_table.setdefault(name, []).append(row)
    for name, changed in by_table.items():
        upsert(connection, tables[name], KEYS[name], changed)
    if any(row["merged_into"] for row in by_table.get("person", ())):
        unite(connection, tables["person"])


def upsert(connection: Connection, table: Table, names: tuple[str, ...], rows: list[Row]) -> None:
    asked = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)
    others = {column.name: asked.excluded[column.name] for column in table.columns if column.name not in names}
    bulk(connection, asked.on_conflict_do_update(index_elements=list(names), set_=others), rows)


def bulk(connection: Connection, statement: Insert, rows: Sequence[Row]) -> None:
    """One statement for many rows, given to the driver as they are: binding them one by one took half of the time of a batch."""
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(rows[0]))
    order = compiled.positiontup
    connection.exec_driver_sql(str(compiled), [tuple(row[name] for name in order) for row in rows] if order else list(rows))


def unite(connection: Connection, person: Table) -> None:
    """Every merged record points at the end of its chain."""
    asked = select(person.c.person, person.c.merged_into).where(person.c.merged_into.is_not(None))
    merged = {row.person: row.merged_into for row in connection.execute(asked)}
    for record, root in roots(merged).items():
        connection.execute(update(person).where(person.c.person == record).values(root=root))


def move(connection: Connection, tables: Tables, latest: EventMessage, days: set[str]) -> None:
    """The checkpoint, and the span of quarters in which something happened: a decision about a quarter is not of it."""
    table = tables["checkpoint"]
    known = connection.execute(select(table.c.first_quarter, table.c.last_quarter)).one()
    quarters = {quarter_of(date.fromisoformat(day)) for day in days} | {quarter for quarter in known if quarter}
    connection.execute(
        update(table).values(
            position=latest.position,
            recorded=latest.recordedtime.isoformat(),
            first_quarter=min(quarters, default=None),
            last_quarter=max(quarters, default=None),
        )
    )
