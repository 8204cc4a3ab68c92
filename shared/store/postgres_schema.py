"""Setting up the tables, functions and rights of the log: once, however many processes start together."""

import hashlib
from pathlib import Path

import psycopg

from shared.errors import Outdated, Unavailable
from shared.store.libpq import address, away

ROOM = Path(__file__).parent / "sql"
SCRIPTS = tuple((ROOM / f"{name}.sql").read_text() for name in ("events", "immutable", "append_events", "position_at", "roles"))
MARK = "parcours log " + hashlib.sha256("".join(SCRIPTS).encode()).hexdigest()[:16]
LOCK = 7061728
FOUND = "select obj_description(to_regclass('public.events'), 'pg_class')"
# A log is never changed, so neither is its shape: what an earlier version wrote is read out by that version, and loaded here.
KNOWN = """select to_regclass('public.events') is null or exists (
    select from pg_attribute where attrelid = to_regclass('public.events') and attname = 'message' and not attisdropped)"""
# A service whose role does not own the table uses what it finds: setting up is the owner's.
OWNED = "select coalesce((select pg_has_role(relowner, 'member') from pg_class where oid = to_regclass('public.events')), true)"


def set_up(dsn: str) -> None:
    try:
        with psycopg.connect(address(dsn)) as connection:
            if answer(connection, FOUND) == MARK or not answer(connection, OWNED):
                return
            connection.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
            if not answer(connection, KNOWN):
                raise Outdated("The table public.events")
            if answer(connection, FOUND) == MARK:  # another process was first
                return
            for script in SCRIPTS:
                connection.execute(script.encode())
            connection.execute(f"comment on table public.events is '{MARK}'".encode())
    except psycopg.Error as fault:
        if not away(fault):
            raise
        raise Unavailable(f"PostgreSQL: {fault}") from fault


def answer(connection: psycopg.Connection[tuple[object, ...]], question: str) -> object:
    row = connection.execute(question.encode()).fetchone()
    return row[0] if row else None
