"""The read models: tables of facts in SQLite or PostgreSQL, written with their checkpoint in one transaction.

How it works
------------
- One writer at a time. `writing` opens a transaction that holds a lock: BEGIN IMMEDIATE in SQLite, in PostgreSQL an advisory lock of
  the schema. The live projector, a rebuild and the creation of the tables all write through it.
- The rows and the checkpoint commit together. `apply` reads the checkpoint, folds the events after it and writes both. A crash
  before the commit loses the batch, and the events are delivered again; a crash after it makes the redelivery a no-op, since events
  at or before the checkpoint are ignored. So each event takes effect once. A gap in the events raises EventGap and writes nothing.
- Readers see one moment. `reading` opens a read transaction on a snapshot (REPEATABLE READ, or SQLite's WAL), so that all queries
  of one answer see the same position, whatever is written meanwhile.
- Tables belong to the version that made them, and each version has a place of its own (`generations`). `checkpoint.name` begins with it.
  `reading` and `apply` raise OtherVersion for tables of other code: its facts for the same events may differ.
- A rebuild swaps whole tables (`rebuild`). A snapshot of PostgreSQL does not cover a table that is renamed into place after the
  snapshot was taken: such a reader would find it empty. Therefore a reader first takes the weakest lock on one table, `checkpoint`,
  on which each swap takes the strongest. Either the swap waits until the reader ends, or the reader waits for the swap, and its
  snapshot, taken by its first query after the lock, sees the new tables.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Column, Connection, select
from sqlalchemy.pool import QueuePool
from sqlalchemy.schema import CreateSchema

from services.reporting.facts.tables import TABLES, timeline_entry
from services.reporting.facts.timeline_index import timeline_entries
from services.reporting.ledger.corrections import corrections
from services.reporting.ledger.filling import Filling, read_fillings
from services.reporting.ledger.publication import post_page
from services.reporting.projection.bulk import insert_rows
from services.reporting.projection.checkpoint import Checkpoint, EventGap
from services.reporting.projection.code_version import new_build_name, version
from services.reporting.projection.damage import DamagedReadModels, check_beginning, renew_file
from services.reporting.projection.database import (
    MAX_CONNECTIONS,
    SCRATCH_URL,
    WRITE_OPTIONS,
    Place,
    file_of,
    open_engine,
    unavailable_if_unreachable,
)
from services.reporting.projection.deadlines import begin_reading, begin_writing
from services.reporting.projection.fact_batch import READ_PAGE_SIZE, FactBatch, garbage_collection_paused
from services.reporting.projection.schema import Tables, create_if_missing
from services.reporting.projection.set_aside import NONE, SetAside, set_aside
from shared.address import Address
from shared.errors import Replaced, Unavailable
from shared.message import START, Position, Recorded
from shared.store.port import EventStore, pages_as

__all__ = ["EventGap", "ReadModels"]

CHECKPOINT = TABLES["checkpoint"].c
Snapshot = tuple[str, Position]  # a build and a position: together they say exactly what the tables hold


class OtherVersion(Replaced):
    """The tables were made by another version of the code, which may read the same events differently."""

    def __init__(self) -> None:
        super().__init__(
            "The read models were made by another version of the code. "
            "The reporting service rebuilds them when it starts; or run `parcours rebuild`."
        )


class NotFilled(Replaced):
    """The tables are empty although the log has events: what they would answer is no figure of anything."""

    def __init__(self) -> None:
        super().__init__("The read models of this version are being made from the log.")


def never() -> bool:
    return False


class ReadModels:
    """`has_events` tells whether the log has any: if it has, empty tables are not read. `with_ledger` false: only the facts are kept.

    Opening creates the tables if there are none. It never changes existing ones, even those of another version.
    """

    def __init__(
        self, url: Place | Address | str = SCRATCH_URL, has_events: Callable[[], bool] = never, *, with_ledger: bool = True
    ) -> None:
        place = url if isinstance(url, Place) else Place(Address(url), None, version())
        self.address, self.schema, self.version = place.address, place.schema, place.version
        self.has_events, self.with_ledger = has_events, with_ledger
        self.engine = open_engine(place.address, self.schema)
        self.damage: DamagedReadModels | None = None  # that a reader or a writer of this process met
        self.create()

    def create(self) -> None:
        with self.writing() as connection:
            if self.schema is not None and not connection.dialect.has_schema(connection, self.schema):
                connection.execute(CreateSchema(self.schema))
            create_if_missing(connection, TABLES, new_build_name(self.version))

    def connections(self) -> tuple[int, int] | None:
        """How many connections are in use, and may be; None where they are to a file."""
        pool = self.engine.pool
        if self.engine.dialect.name != "postgresql" or not isinstance(pool, QueuePool):
            return None
        return pool.checkedout(), MAX_CONNECTIONS

    def renew(self) -> None:
        """Replace a damaged file by one with empty tables. Does nothing to one that a check finds sound."""
        if file := file_of(self.engine):
            self.engine.dispose()
            renew_file(file)
            self.create()
        self.damage = None

    def check(self) -> None:
        """Check that the file is still one of read models.

        Raises:
            DamagedReadModels: it is not, or a reader or a writer of this process found it damaged.
        """
        if file := file_of(self.engine):
            with self.reached():
                check_beginning(file)
        if self.damage:
            raise self.damage

    @contextmanager
    def reached(self) -> Iterator[None]:
        """Turn what a database that cannot be read raises into Unavailable, and remember damage."""
        try:
            with unavailable_if_unreachable(self.engine):
                yield
        except DamagedReadModels as fault:
            self.damage = fault
            raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A read transaction on one snapshot of the tables.

        Raises:
            OtherVersion: another version of the code made the tables.
            NotFilled: they are empty, and the log is not.
            Unavailable: the database cannot be reached.
        """
        with self.reached(), self.engine.connect() as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                begin_reading(connection)
            if load_checkpoint(connection, self.version).position == START and self.has_events():
                raise NotFilled
            yield connection

    @contextmanager
    def writing(self, *, long: bool = False) -> Iterator[Connection]:
        """A write transaction, alone: it sees what the previous writer committed. Does not check the version of the tables.

        A `long` one has no deadline (`deadlines.py`).

        Raises:
            Unavailable: the database cannot be reached.
        """
        options: dict[str, Any] = dict(WRITE_OPTIONS)
        if self.engine.dialect.name == "postgresql":
            options["isolation_level"] = "READ COMMITTED"  # a snapshot taken before the lock would miss the previous writer's rows
        with self.reached(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                begin_writing(connection, self.schema or "", long=long)
            yield connection

    def apply(self, events: Sequence[Recorded], aside: SetAside = NONE) -> Position:
        """Fold events and commit them with the checkpoint. Returns the position reached. Events applied before are ignored.

        Raises:
            EventGap: an event is missing before or between these. Nothing changes.
            OtherVersion: another version of the code made the tables.
            Unavailable: the database cannot be reached; the batch may or may not be committed, and can be applied again.
        """
        with self.writing() as connection:
            before = load_checkpoint(connection, self.version)
            batch = FactBatch(TABLES, before, aside, with_ledger=self.with_ledger, in_background=True)
            batch.add(events)
            if batch.checkpoint != before:
                batch.flush(connection)
            return batch.checkpoint.position

    def fillings(self) -> list[Filling]:
        """The versions of the definitions under which not all persons are entered yet."""
        with self.reading() as connection:
            return read_fillings(connection)

    def fill_page(self) -> None:
        """Enter the next persons under the first of these versions.

        Raises:
            OtherVersion: another version of the code made the tables.
            Unavailable: the database cannot be reached.
        """
        with self.writing() as connection:
            load_checkpoint(connection, self.version)
            for filling in read_fillings(connection)[:1]:
                post_page(connection, TABLES, filling)

    def fold_log(self, store: EventStore, until: Position) -> None:
        """Fold a log up to a position into empty tables, without the timeline index: a replay of figures does not need it."""
        aside = set_aside(store, until)
        with garbage_collection_paused(), self.writing() as connection:
            of_aside = corrections(connection, TABLES, store, aside) if self.with_ledger else ()
            batch = FactBatch(TABLES, Checkpoint(), aside, of_aside, with_timeline=False, with_ledger=self.with_ledger)
            for page in pages_as(Recorded, store, START, until, READ_PAGE_SIZE):
                batch.add(page)
                if batch.is_full:
                    batch.flush(connection)
            batch.flush(connection)

    def index_timeline(self, store: EventStore, until: Position) -> None:
        """Fill the timeline index, which `fold_log` leaves out."""
        with self.writing() as connection:
            for page in pages_as(Recorded, store, START, until, READ_PAGE_SIZE):
                insert_rows(connection, TABLES[timeline_entry.name], timeline_entries(page))

    def close(self) -> None:
        self.engine.dispose()


def load_checkpoint(connection: Connection, version: str) -> Checkpoint:
    """The checkpoint of the live tables.

    Raises:
        OtherVersion: another version of the code made the tables.
    """
    name, *values = connection.execute(select(CHECKPOINT.name, *checkpoint_columns(TABLES))).one()
    if not name.startswith(version):
        raise OtherVersion
    return Checkpoint(*values)


def current_snapshot(connection: Connection) -> Snapshot:
    """Names what the tables hold now: the same snapshot always gives the same answers."""
    name, position = connection.execute(select(CHECKPOINT.name, CHECKPOINT.position)).one()
    return name, position


def snapshot_at(connection: Connection, position: Position) -> Snapshot:
    """Names what the tables held at an earlier position.

    Raises:
        Unavailable: they have not reached it yet.
    """
    name, reached = current_snapshot(connection)
    if reached < position:
        raise Unavailable(f"The read models are at position {reached}, and asked as of {position}.")
    return name, position


def read_checkpoint(connection: Connection, tables: Tables) -> Checkpoint:
    """The checkpoint of any tables, without a check of the version that made them."""
    return Checkpoint(*connection.execute(select(*checkpoint_columns(tables))).one())


def checkpoint_columns(tables: Tables) -> list[Column[Any]]:
    return [tables["checkpoint"].c[name] for name in Checkpoint.__struct_fields__]
