"""The same work done by the library `eventsourcing`, in the fastest way that its public interface offers.

Its recorders are called as its own applications call them, but without aggregates and transcoders: the same encoded bodies are stored,
and what is read is decoded by the same decoder as ours. On PostgreSQL the library can write in two ways: in a pipelined transaction that
locks its table, or through a function (`POSTGRES_ENABLE_DB_FUNCTIONS`) without that lock. Both are measured.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from uuid import UUID

from eventsourcing.persistence import ApplicationRecorder, StoredEvent
from eventsourcing.postgres import PostgresFactory
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore
from psycopg.conninfo import conninfo_to_dict

from tests.bench.floors import is_postgres, other_file
from tests.bench.measuring import OpenWorker, Work
from tests.bench.samples import TYPE, Row, batches
from tests.bench.table import PEER

POOL_SIZE = 4  # connections; the pool starts with one, and more than four are slower for any number of writers


@contextmanager
def recorder(address: str, function: bool = False) -> Iterator[ApplicationRecorder]:
    with postgres_recorder(address, function) if is_postgres(address) else sqlite_recorder(address) as opened:
        yield opened


@contextmanager
def postgres_recorder(dsn: str, function: bool) -> Iterator[ApplicationRecorder]:
    parameters = conninfo_to_dict(dsn)
    environment = {
        "POSTGRES_DBNAME": str(parameters["dbname"]),
        "POSTGRES_HOST": str(parameters["host"]),
        "POSTGRES_PORT": str(parameters["port"]),
        "POSTGRES_USER": str(parameters["user"]),
        "POSTGRES_PASSWORD": str(parameters["password"]),
        "POSTGRES_POOL_SIZE": "1",  # idle connections; more are opened when writers wait
        "POSTGRES_MAX_OVERFLOW": str(POOL_SIZE - 1),
        "POSTGRES_ENABLE_DB_FUNCTIONS": "yes" if function else "no",
    }
    with PostgresFactory(environment) as factory:
        yield factory.application_recorder()


@contextmanager
def sqlite_recorder(path: str) -> Iterator[ApplicationRecorder]:
    """The size of the pool can be given to the datastore, not to its factory. Commits are flushed to disk, which is SQLite's default."""
    with closing(
        SQLiteDatastore(f"file:{other_file(path, PEER)}", pool_size=POOL_SIZE, pool_timeout=60, originator_id_type="text")
    ) as datastore:
        application_recorder = SQLiteApplicationRecorder(datastore)
        application_recorder.create_table()
        yield application_recorder


@contextmanager
def inserts(address: str, size: int, spread: bool = False, function: bool = False) -> Iterator[OpenWorker]:
    name = (lambda row: UUID(int=row.stream)) if is_postgres(address) else (lambda row: f"{row.stream:032x}")

    def to_stored_event(row: Row) -> StoredEvent:
        return StoredEvent(name(row), row.version, TYPE, row.body)

    with recorder(address, function) as application_recorder:

        @contextmanager
        def open_worker() -> Iterator[Work]:
            rows = batches(size, spread)

            def work() -> int:
                application_recorder.insert_events([to_stored_event(row) for row in next(rows)])
                return size

            yield work

        yield open_worker


@contextmanager
def function_inserts(address: str, size: int, spread: bool = False) -> Iterator[OpenWorker]:
    with inserts(address, size, spread, function=True) as open_worker:
        yield open_worker
