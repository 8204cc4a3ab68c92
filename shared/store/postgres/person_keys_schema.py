"""Sets up the database of the keys of persons in PostgreSQL: once, however many processes start at the same time."""

from pathlib import Path

import psycopg

from shared.address import Address
from shared.errors import Misconfigured
from shared.store.postgres import servers
from shared.store.postgres.connection import is_transient, unavailable, with_timeouts

SCHEMA = (Path(__file__).parent / "sql" / "person_keys.sql").read_text()
IS_SET_UP = "select to_regclass('public.person_keys_position') is not null"
SET_UP_LOCK_KEY = 7061729  # of the advisory lock


def set_up(address: Address) -> None:
    """Create the tables in a database, if necessary.

    Raises:
        Misconfigured: this role may not.
        Unavailable: the server cannot be reached.
    """
    try:
        with servers.connect(with_timeouts(address), psycopg.Connection) as connection:
            connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
            if is_set_up(connection):
                return
            connection.execute("set local lock_timeout = '30s'")
            connection.execute("select pg_advisory_xact_lock(%s)", (SET_UP_LOCK_KEY,))
            if not is_set_up(connection):  # no other process did it meanwhile
                connection.execute(SCHEMA.encode())
    except psycopg.errors.InsufficientPrivilege as fault:
        raise Misconfigured(f"PostgreSQL: {fault}".partition("\n")[0]) from fault
    except psycopg.Error as fault:
        if not is_transient(fault):
            raise
        raise unavailable(address, fault) from fault


def is_set_up(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    row = connection.execute(IS_SET_UP.encode()).fetchone()
    return bool(row and row[0])
