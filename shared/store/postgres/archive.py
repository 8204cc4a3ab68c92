"""Reading a PostgreSQL log for a backup, and filling one from a backup: see `shared.store.archive`.

A snapshot is a read transaction at REPEATABLE READ, on a standby too; rows come through a cursor of the server. A loading holds the lock of
the writers, and belongs to the owner of the table: services have no right to insert but through the function.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg

from shared.address import Address
from shared.errors import Misconfigured
from shared.message import line
from shared.store.archive import BOOLEANS, COLUMNS, Line, Resumption, Row, decode_line, select_rows
from shared.store.postgres.connection import is_transient, unavailable, with_timeouts
from shared.store.postgres.schema import fetch_value

PAGE = 1_000  # rows that the server sends at once
SELECT_MESSAGES = "select message::text from public.events order by position"
SELECT_STREAM = "select message::text from public.events where stream = %s order by version"
SELECT_LAST = "select message::text from public.events order by position desc limit 1"
SELECT_HAS_LOG = "select to_regclass('public.events') is not null"
SELECT_READ_ONLY = "select pg_is_in_recovery() or current_setting('transaction_read_only')::boolean"
COPY_EVENTS = "copy public.events (position, stream, version, type, recorded_at, message) from stdin"
INSERT_EVENT = "insert into public.events (position, stream, version, type, recorded_at, message) values (%s, %s, %s, %s, %s, %s)"
WRITERS_LOCK = 7061727  # the one that sql/append_events.sql takes
READ_ONLY = "PostgreSQL: this server is a standby, or read-only: a log is restored on the primary."

Session = psycopg.Connection[tuple[object, ...]]


@contextmanager
def faults(address: Address) -> Iterator[None]:
    """Raise Misconfigured for a right that is missing, and Unavailable for what may pass by itself."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as fault:
        raise Misconfigured(f"PostgreSQL: {fault}".partition("\n")[0]) from fault
    except psycopg.errors.ReadOnlySqlTransaction as fault:
        raise Misconfigured(READ_ONLY) from fault
    except psycopg.Error as fault:
        if not is_transient(fault):
            raise
        raise unavailable(address, fault) from fault


@contextmanager
def snapshot(address: Address) -> Iterator["PostgresSnapshot"]:
    """The database at `address`, as of now.

    Raises:
        Misconfigured: there is no log in it, or this user may not read it.
        Unavailable: the server is away.
    """
    with faults(address):
        session = psycopg.connect(with_timeouts(address))
    with session:
        session.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        session.read_only = True
        with faults(address):
            session.execute("set local statement_timeout = 0")
            if not fetch_value(session, SELECT_HAS_LOG):
                raise Misconfigured(f"PARCOURS_EVENT_STORE: {address}: there is no log.")
        yield PostgresSnapshot(address, session)
        session.rollback()


class PostgresSnapshot:
    def __init__(self, address: Address, session: Session) -> None:
        self.address = address
        self.session = session

    def messages(self) -> Iterator[bytes]:
        return (str(message).encode() for (message,) in self.select(SELECT_MESSAGES))

    def rows(self, table: str) -> Iterator[Row]:
        with faults(self.address):
            if fetch_value(self.session, f"select to_regclass('public.{table}') is null"):
                return
        for row in self.select(select_rows(table, "public.")):
            yield tuple(int(value) if isinstance(value, bool) else value for value in row)  # type: ignore[misc]  # columns of `COLUMNS`

    def select(self, statement: str) -> Iterator[tuple[object, ...]]:
        with faults(self.address), self.session.cursor("rows") as cursor:
            cursor.itersize = PAGE
            yield from cursor.execute(statement.encode())


def check_writable(address: Address) -> None:
    """Raises Misconfigured if the server takes no writes, Unavailable if it is away."""
    with faults(address), psycopg.connect(with_timeouts(address)) as session:
        if fetch_value(session, SELECT_READ_ONLY):
            raise Misconfigured(READ_ONLY)


@contextmanager
def loading(address: Address) -> Iterator["PostgresLoading"]:
    """A transaction in the database at `address`, whose tables are there. It is committed, unless the block fails.

    Raises:
        Misconfigured: this user does not own the log, or the server takes no writes.
        Unavailable: the server is away.
    """
    with faults(address):
        session = psycopg.connect(with_timeouts(address))
    with session:
        with faults(address):
            session.execute("set local timezone = 'UTC'")
            session.execute("select pg_advisory_xact_lock(%s)", (WRITERS_LOCK,))
        yield PostgresLoading(address, session)
        with faults(address):
            session.commit()


class PostgresLoading:
    def __init__(self, address: Address, session: Session) -> None:
        self.address = address
        self.session = session

    def occupied(self) -> list[str]:
        with faults(self.address):
            return [table for table in ("events", *COLUMNS) if fetch_value(self.session, f"select exists (select from public.{table})")]  # noqa: S608

    def load_messages(self, messages: Iterable[bytes]) -> None:
        with faults(self.address), self.session.cursor().copy(COPY_EVENTS) as copy:
            for message in messages:
                copy.write_row(values(message))

    def load_rows(self, table: str, rows: Iterable[Row]) -> None:
        columns = COLUMNS[table]
        names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join(["%s"] * len(columns))
        statement = f"insert into public.{table} ({names}) values ({marks}) on conflict do nothing"  # noqa: S608 - the names are ours
        typed = ([bool(value) if name in BOOLEANS else value for name, value in zip(columns, row, strict=True)] for row in rows)
        with faults(self.address):
            self.session.cursor().executemany(statement.encode(), typed)

    def last(self) -> Line | None:
        with faults(self.address):
            found = self.session.execute(SELECT_LAST).fetchone()
        return decode_line(str(found[0])) if found else None

    def stream(self, name: str) -> list[bytes]:
        with faults(self.address):
            return [str(message).encode() for (message,) in self.session.execute(SELECT_STREAM, (name,))]

    def resume(self, resumption: Resumption) -> None:
        last, version = self.last(), len(self.stream(resumption.stream)) + 1
        recorded = max(resumption.recorded, last.recordedtime if last else "")
        message = line(resumption.event.body, resumption.position, version, recorded, last.position if last else 0)
        with faults(self.address):
            self.session.execute(INSERT_EVENT, values(message))


def values(message: bytes) -> tuple[int, str, int, str, str, str]:
    found = decode_line(message)
    return found.position, found.subject, found.streamversion, found.type, found.recordedtime, message.decode()
