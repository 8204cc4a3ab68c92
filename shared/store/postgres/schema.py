"""Setting up the tables, functions and rights of the log: once, however many processes start together."""

from pathlib import Path

import psycopg

from shared.errors import Outdated, Unavailable
from shared.store.postgres.connection import address, away

ROOM = Path(__file__).parent / "sql"
SCRIPTS = tuple((ROOM / f"{name}.sql").read_text() for name in ("events", "immutable", "append_events", "position_at", "roles"))
# The scripts of each version by their digest, the oldest first: who changes a script adds a line, and never changes one.
DIGESTS = ("2d5f05971024c849",)
VERSION = len(DIGESTS)  # left beside the table
# A log with a greater number is used as it is found: the table's shape is the same (or it is not KNOWN), functions keep what they are
# asked and answer, and so services of two versions run side by side while one takes the place of the other, and back.
FOUND = """select coalesce(substring(
    obj_description(to_regclass('public.events'), 'pg_class') from '^parcours log, version ([0-9]+)$')::int, 0)"""
# A log is never changed, so neither is its shape: what an earlier version wrote is read out by that version, and loaded here.
KNOWN = """select to_regclass('public.events') is null or exists (
    select from pg_attribute where attrelid = to_regclass('public.events') and attname = 'message' and not attisdropped)"""
# A service whose role does not own the table uses what it finds: setting up is the owner's.
OWNED = """select coalesce((select pg_has_role(relowner, 'member') from pg_class where oid = to_regclass('public.events')),
    has_schema_privilege('public', 'create'))"""
NOT_YET = "PostgreSQL: the log is not set up for this version: open it once as its owner, then start this again."
LOCK = 7061728


def set_up(dsn: str) -> None:
    try:
        with psycopg.connect(address(dsn)) as connection:
            connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED  # behind the lock is seen what was done before it
            if not wanting(connection):
                return
            connection.execute("set local lock_timeout = '30s'")
            connection.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
            if not wanting(connection):  # another process was first
                return
            for script in SCRIPTS:
                connection.execute(script.encode())
            connection.execute(f"comment on table public.events is 'parcours log, version {VERSION}'".encode())
    except psycopg.Error as fault:
        if not away(fault):
            raise
        raise Unavailable(f"PostgreSQL: {fault}") from fault


def wanting(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    """Whether this process is to set up the log: it is not there, or an older version did it."""
    if not answer(connection, KNOWN):
        raise Outdated("The table public.events")
    found = answer(connection, FOUND)
    assert isinstance(found, int)
    if found < VERSION and not answer(connection, OWNED):
        raise Unavailable(NOT_YET)
    return found < VERSION


def answer(connection: psycopg.Connection[tuple[object, ...]], question: str) -> object:
    row = connection.execute(question.encode()).fetchone()
    return row[0] if row else None
