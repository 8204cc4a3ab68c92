"""The one place of reporting that opens a database."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from shared.errors import Unavailable
from shared.store.postgres.connection import CONNECTION_TIMEOUTS, is_transient
from shared.store.sqlite.connections import primary_code

SCRATCH = "sqlite://"  # a database of this process alone, gone with it
SCRATCH_CACHE = 65_536  # KiB
WRITES = {"writes": True}
AWAY = "The read models cannot be reached now."


def open_engine(url: str) -> Engine:
    """`sqlite:///file`, `sqlite://` (scratch) or `postgresql://…`."""
    if url.startswith("sqlite"):
        return open_sqlite(url)
    driver = url.replace("postgres://", "postgresql://", 1).replace("postgresql://", "postgresql+psycopg://", 1)
    patience = {name: value for name, value in CONNECTION_TIMEOUTS.items() if name not in make_url(driver).query}
    return create_engine(driver, isolation_level="REPEATABLE READ", pool_pre_ping=True, connect_args=patience)


def open_sqlite(url: str) -> Engine:
    if url == SCRATCH:
        return open_scratch()
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": 30})
    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", begin)
    return engine


def open_scratch() -> Engine:
    """A database without a name: SQLite keeps its first megabytes in memory and the rest in a file that nobody else can see.

    There is one connection, which callers take in turns: a second one would be another, empty database.
    """
    options: dict[str, Any] = {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0}
    engine = create_engine(SCRATCH, creator=lambda: sqlite3.connect("", check_same_thread=False), **options)
    event.listen(engine, "connect", unguarded)
    event.listen(engine, "begin", begin)
    return engine


def configure(connection: Any, record: Any) -> None:
    """The driver must not decide where a transaction begins: it would leave reads outside of any."""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")  # the log is the truth: what a power cut loses here is folded again


def unguarded(connection: Any, record: Any) -> None:
    """What is lost with the process needs no journal to survive it, but a transaction still needs one to be undone."""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=MEMORY")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute(f"PRAGMA cache_size=-{SCRATCH_CACHE}")


def begin(connection: Connection) -> None:
    """A writer takes its lock at once: two that read first and write later would refuse each other."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


@contextmanager
def reachable() -> Iterator[None]:
    """A database that is away, or goes away in the middle, is a passing fault: the same may be asked again."""
    try:
        yield
    except PoolTimeout as fault:
        raise Unavailable(AWAY) from fault
    except DBAPIError as fault:
        if fault.connection_invalidated or passes(fault.orig):
            raise Unavailable(AWAY) from fault
        raise


@contextmanager
def driving(connection: Connection) -> Iterator[Any]:
    """The driver's own connection, within the same transaction, and the same passing fault when the database goes away."""
    try:
        yield connection.connection.driver_connection
    except (psycopg.Error, sqlite3.Error) as fault:
        if passes(fault):
            raise Unavailable(AWAY) from fault
        raise


def passes(fault: BaseException | None) -> bool:
    """Whether the same may go well another time. What a statement itself does wrong would be waited for without end."""
    if isinstance(fault, psycopg.Error):
        return is_transient(fault)
    return isinstance(fault, sqlite3.OperationalError) and primary_code(fault) != sqlite3.SQLITE_ERROR
