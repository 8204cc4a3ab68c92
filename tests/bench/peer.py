"""The library `eventsourcing` doing the same work, by the fastest public way that it offers.

Its recorders are called as its own applications call them, without aggregates and transcoders: what is stored is the same body,
encoded before, and what is read is decoded by the same decoder as ours. On PostgreSQL it has two ways to write: a pipelined
transaction that locks its table, and a function (`POSTGRES_ENABLE_DB_FUNCTIONS`) without that lock. Both are measured.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from uuid import UUID

from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from eventsourcing.postgres import PostgresFactory
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore
from psycopg.conninfo import conninfo_to_dict

from tests.bench.floors import beside, is_postgres
from tests.bench.measuring import Begin, Work
from tests.bench.samples import TYPE, Row, batches
from tests.bench.table import PEER

POOL = 4  # connections: one is faster for one writer, and more than four are slower for any number of them


@contextmanager
def recorder(address: str, function: bool = False) -> Iterator[ApplicationRecorder]:
    with postgres_recorder(address, function) if is_postgres(address) else sqlite_recorder(address) as made:
        yield made


@contextmanager
def postgres_recorder(dsn: str, function: bool) -> Iterator[ApplicationRecorder]:
    told = conninfo_to_dict(dsn)
    environment = {
        "POSTGRES_DBNAME": str(told["dbname"]),
        "POSTGRES_HOST": str(told["host"]),
        "POSTGRES_PORT": str(told["port"]),
        "POSTGRES_USER": str(told["user"]),
        "POSTGRES_PASSWORD": str(told["password"]),
        "POSTGRES_POOL_SIZE": "1",  # it grows when writers wait
        "POSTGRES_MAX_OVERFLOW": str(POOL - 1),
        "POSTGRES_ENABLE_DB_FUNCTIONS": "yes" if function else "no",
    }
    with PostgresFactory(environment) as factory:
        yield factory.application_recorder()


@contextmanager
def sqlite_recorder(path: str) -> Iterator[ApplicationRecorder]:
    """Its factory knows no size of the pool: the datastore does. It syncs at every commit, as SQLite does when not told otherwise."""
    with closing(SQLiteDatastore(f"file:{beside(path, PEER)}", pool_size=POOL, pool_timeout=60, originator_id_type="text")) as datastore:
        made = SQLiteApplicationRecorder(datastore)
        made.create_table()
        yield made


@contextmanager
def inserts(address: str, size: int, spread: bool = False, function: bool = False) -> Iterator[Begin]:
    name = (lambda row: UUID(int=row.stream)) if is_postgres(address) else (lambda row: f"{row.stream:032x}")

    def stored(row: Row) -> StoredEvent:
        return StoredEvent(name(row), row.version, TYPE, row.body)

    with recorder(address, function) as made:

        @contextmanager
        def begin() -> Iterator[Work]:
            rows = batches(size, spread)

            def work() -> int:
                made.insert_events([stored(row) for row in next(rows)])
                return size

            yield work

        yield begin


@contextmanager
def function_inserts(address: str, size: int, spread: bool = False) -> Iterator[Begin]:
    with inserts(address, size, spread, function=True) as begin:
        yield begin
