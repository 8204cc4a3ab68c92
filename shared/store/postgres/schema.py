"""Setting up the tables, functions and rights of the log: once, however many processes start at the same time.

How it works
------------
The scripts in `sql` can be executed repeatedly (`create … if not exists`, `create or replace`). The version that executed them is kept
as a comment on the table: 'parcours log, version N'. Each process that opens the log compares:

- No table, or an older version: execute the scripts and set the version, all in one transaction under an advisory lock. Only a role that
  owns the table can do that; a service, which cannot, refuses to start until the owner has opened the log once.
- The same version: nothing to do.
- A newer version: the log is used unchanged. The shape of the table and the signatures of the functions are stable, so two releases can
  run side by side while one replaces the other, in both directions. An older process must not install its older functions.
- A table without the column `message`: an earlier shape, `Outdated`. The log is never rewritten; the earlier version exports it, and it is
  loaded into a new log.
"""

from pathlib import Path

import psycopg

from shared.address import Address
from shared.errors import Misconfigured, Outdated
from shared.store.postgres import servers
from shared.store.postgres.connection import is_transient, unavailable, with_timeouts

SQL_FOLDER = Path(__file__).parent / "sql"
ORDER = (
    *("events", "immutable", "writers", "append_events", "position_at", "deliveries", "roles", "gateway_records", "leases", "tree_heads"),
    "coverage",
    "held_names",
)
SCRIPTS = tuple((SQL_FOLDER / f"{name}.sql").read_text() for name in ORDER)
# The digest of the scripts' statements, without comments and spacing, for each version, the oldest first. When a statement changes, add
# a line and never edit one: the new version number makes every database execute the scripts. A test compares the last line.
DIGESTS = (
    "6aa4147cd4f9d134",
    "d65112c2265ed505",
    "5126ad0e13e0cc95",
    "a8868b27325bd19b",
    "2b75685a073f0692",
    "4e22ed0ab864b975",
    "586068ae4cfd2279",
    "cc66755158594983",
    "cd07681e14b61329",
)
VERSION = len(DIGESTS)
SELECT_VERSION = """select coalesce(substring(
    obj_description(to_regclass('public.events'), 'pg_class') from '^parcours log, version ([0-9]+)$')::int, 0)"""
SELECT_HAS_CURRENT_SHAPE = """select to_regclass('public.events') is null or exists (
    select from pg_attribute where attrelid = to_regclass('public.events') and attname = 'message' and not attisdropped)"""
SELECT_MAY_SET_UP = """select coalesce((select pg_has_role(relowner, 'member') from pg_class where oid = to_regclass('public.events')),
    has_schema_privilege('public', 'create'))"""
NOT_SET_UP = "PostgreSQL: the log is not set up for this version. Open it once as its owner, then start this process again."
SET_UP_LOCK_KEY = 7061728  # of the advisory lock


def set_up(address: Address) -> None:
    """Create or upgrade the log in a database, if necessary.

    Raises:
        Misconfigured: the log must be set up and this role does not own it, or the role has no right to it.
        Outdated: the database holds a log of an earlier shape.
        Unavailable: the server cannot be reached.
    """
    try:
        with servers.connect(with_timeouts(address), psycopg.Connection) as connection:
            # Each statement sees what was committed before it, so the second check, after waiting for the lock, sees the other's work.
            connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
            if not needs_set_up(connection):
                return
            connection.execute("set local lock_timeout = '30s'")
            connection.execute("select pg_advisory_xact_lock(%s)", (SET_UP_LOCK_KEY,))
            if not needs_set_up(connection):  # another process did it meanwhile
                return
            for script in SCRIPTS:
                connection.execute(script.encode())
            connection.execute(f"comment on table public.events is 'parcours log, version {VERSION}'".encode())
    except psycopg.errors.InsufficientPrivilege as fault:
        raise Misconfigured(f"PostgreSQL: {fault}".partition("\n")[0]) from fault
    except psycopg.Error as fault:
        if not is_transient(fault):
            raise
        raise unavailable(address, fault) from fault


def needs_set_up(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    """Whether this process has to execute the scripts: there is no log, or an older version set it up."""
    if not fetch_value(connection, SELECT_HAS_CURRENT_SHAPE):
        raise Outdated("The table public.events")
    version = fetch_value(connection, SELECT_VERSION)
    assert isinstance(version, int)
    if version < VERSION and not fetch_value(connection, SELECT_MAY_SET_UP):
        raise Misconfigured(NOT_SET_UP)
    return version < VERSION


def fetch_value(connection: psycopg.Connection[tuple[object, ...]], query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None
