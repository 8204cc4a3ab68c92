"""Engines for the database of the read models. No other module of this service opens a database."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from msgspec import Struct
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from services.reporting.projection import deadlines
from services.reporting.projection.damage import DamagedReadModels
from shared.address import Address
from shared.errors import Unavailable
from shared.store.postgres import connection as postgres
from shared.store.postgres import servers
from shared.store.sqlite.connections import is_damage, primary_code

SCRATCH_URL = "sqlite://"  # a temporary database, private to this process and deleted with it
SCRATCH_CACHE_KIB = 65_536
WRITE_OPTIONS = {"writes": True}  # execution options of a connection that will write: see `begin_transaction`
KEPT_CONNECTIONS, MAX_CONNECTIONS = 5, 15  # to PostgreSQL: those that stay open, and under load (deploy/connections.py adds them up)
POSTGRES = "postgresql+psycopg://"
UNREACHABLE = "The read models cannot be reached now."


class Place(Struct, frozen=True):
    """Where the tables of a version are: a database, and in PostgreSQL the schema; None for the one that the address leads to."""

    address: Address
    schema: str | None
    version: str


def open_engine(address: Address, schema: str | None = None) -> Engine:
    """An engine for `sqlite:///file`, `sqlite://` (a scratch database) or `postgresql://…`, also with several hosts.

    Raises:
        Misconfigured: it is no address of PostgreSQL.
    """
    if address.scheme == "sqlite":
        return open_sqlite(address.reveal())
    engine = open_postgres(address)
    if schema is not None:
        event.listen(engine, "begin", partial(enter_schema, schema))
    return engine


def open_postgres(address: Address) -> Engine:
    conninfo = postgres.with_timeouts(driver_address(address))
    driver_url = f"{POSTGRES}{address.location}"
    pool = {"pool_size": KEPT_CONNECTIONS, "max_overflow": MAX_CONNECTIONS - KEPT_CONNECTIONS, "pool_pre_ping": True}
    options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", **pool}
    try:
        named = make_url(driver_url).query
    except ValueError:  # several hosts with their ports, as the driver writes them and SQLAlchemy does not
        engine = create_engine(POSTGRES, **options)
        event.listen(engine, "do_connect", lambda *asked: servers.connect(conninfo, deadlines.BoundedConnection))
        return engine
    timeouts = {name: value for name, value in postgres.CONNECTION_TIMEOUTS.items() if name not in named}
    engine = create_engine(driver_url, connect_args=timeouts, **options)
    event.listen(engine, "do_connect", deadlines.connect)
    return engine


def enter_schema(schema: str, connection: Connection) -> None:
    """For one transaction: a setting of the session would be lost, or left to others, behind a pooler of transactions."""
    connection.exec_driver_sql(f'SET LOCAL search_path TO "{schema}"')


def driver_address(address: Address) -> Address:
    """The same for the driver itself, which knows nothing of SQLAlchemy's names of drivers."""
    return Address(f"postgresql://{address.location}")


def open_sqlite(url: str) -> Engine:
    if url == SCRATCH_URL:
        return open_scratch()
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": 30})
    event.listen(engine, "connect", configure)
    if file := file_of(engine):
        event.listen(engine, "connect", partial(remember_file, file))
        event.listen(engine, "checkout", partial(refuse_replaced_file, file))
    event.listen(engine, "begin", begin_transaction)
    return engine


def file_of(engine: Engine) -> Path | None:
    """The file of an SQLite database; None for PostgreSQL and for a scratch database."""
    return Path(engine.url.database) if engine.dialect.name == "sqlite" and engine.url.database else None


def remember_file(file: Path, connection: Any, record: Any) -> None:
    record.info["file"] = os.stat(file).st_ino


def refuse_replaced_file(file: Path, connection: Any, record: Any, proxy: Any) -> None:
    """Have the pool open another connection in place of one to a file that was replaced since."""
    if file.exists() and os.stat(file).st_ino != record.info["file"]:
        raise DisconnectionError


def open_scratch() -> Engine:
    """A database without a name: SQLite caches its first megabytes in memory and spills the rest to a file that no other process sees.

    The pool holds one connection, which callers use in turn: a second connection would open a second, empty database.
    """
    options: dict[str, Any] = {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0}
    engine = create_engine(SCRATCH_URL, creator=lambda: sqlite3.connect("", check_same_thread=False), **options)
    event.listen(engine, "connect", configure_scratch)
    event.listen(engine, "begin", begin_transaction)
    return engine


def configure(connection: Any, record: Any) -> None:
    """Transactions begin with our own BEGIN: left to itself, the driver would run reads outside of any transaction."""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")  # what a power cut loses here is folded from the log again


def configure_scratch(connection: Any, record: Any) -> None:
    """Nothing here has to survive the process, so no syncs; but a rollback still needs a journal, which can be in memory."""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=MEMORY")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute(f"PRAGMA cache_size=-{SCRATCH_CACHE_KIB}")


def begin_transaction(connection: Connection) -> None:
    """A writer takes SQLite's write lock at BEGIN. Two writers that read first and upgrade later would make each other fail."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


@contextmanager
def unavailable_if_unreachable(engine: Engine) -> Iterator[None]:
    """Turn the errors of a database that cannot be reached, or that goes away in the middle, into Unavailable: try again later.

    Those of a damaged file become DamagedReadModels.
    """
    try:
        yield
    except PoolTimeout as fault:
        raise Unavailable(UNREACHABLE) from fault
    except DBAPIError as fault:
        if fault.connection_invalidated or is_transient(fault.orig):
            raise unavailable(engine, fault.orig) from fault
        raise


def unavailable(engine: Engine, fault: BaseException | None) -> Unavailable:
    file = file_of(engine)
    if file is None or not isinstance(fault, sqlite3.Error):
        return Unavailable(UNREACHABLE)
    return DamagedReadModels(file, fault) if is_damage(fault) else Unavailable(f"{UNREACHABLE} {file}: {fault}")


@contextmanager
def driver_connection(connection: Connection) -> Iterator[Any]:
    """The driver's own connection, in the same transaction, with the same translation of errors into Unavailable."""
    try:
        yield connection.connection.driver_connection
    except (psycopg.Error, sqlite3.Error) as fault:
        if is_transient(fault):
            raise unavailable(connection.engine, fault) from fault
        raise


def is_transient(fault: BaseException | None) -> bool:
    """Whether the same statement may succeed later. An error in the statement itself must not count: callers would retry for ever."""
    if isinstance(fault, psycopg.Error):
        return postgres.is_transient(fault)
    if not isinstance(fault, sqlite3.Error):
        return False
    return is_damage(fault) or (isinstance(fault, sqlite3.OperationalError) and primary_code(fault) != sqlite3.SQLITE_ERROR)
