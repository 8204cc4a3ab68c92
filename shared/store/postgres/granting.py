"""Granting roles their rights in a log, as its owner; and asking a server whether the user of a session has them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg

from shared.address import Address
from shared.errors import Misconfigured
from shared.store.postgres import servers
from shared.store.postgres.connection import is_transient, unavailable, with_timeouts
from shared.store.postgres.rights import Rights, script
from shared.store.postgres.schema import SET_UP_LOCK_KEY

Session = psycopg.Connection[tuple[object, ...]]

SELECT_MISSING = "select name from unnest(%s::text[]) as name where to_regrole(name) is null"
SELECT_MAY_APPEND = """select (
        select has_function_privilege(oid, 'execute') from pg_proc
        where proname = 'append_events' and pronamespace = 'public'::regnamespace
    ) and (
        pg_has_role((select relowner from pg_class where oid = 'public.events'::regclass), 'usage')
        or coalesce(pg_has_role(to_regrole('parcours_service'), 'usage'), false)
        or exists (
            select from public.writers w, unnest(w.streams, w.types) as may (stream, type)
            where to_regrole(w."role"::text) is not null and pg_has_role(w."role", 'usage')
            and starts_with(%s, may.stream) and starts_with(%s, may.type)
        )
    )"""
SELECT_OWNS = "select pg_has_role(relowner, 'usage') from pg_class where oid = 'public.events'::regclass"


def owns(address: Address) -> bool:
    """Whether this user owns the log at an address, which is set up.

    Raises:
        Unavailable: the server cannot be reached.
    """
    with session_at(address) as session:
        return holds(session, SELECT_OWNS)


def grant(address: Address, roles: Sequence[Rights]) -> list[str]:
    """Give these roles their rights in a log that is set up; returns the roles that are missing, and may not be created.

    Raises:
        Misconfigured: this user does not own the log.
        Unavailable: the server cannot be reached.
    """
    with session_at(address) as session:
        session.execute("set local lock_timeout = '30s'")
        session.execute("select pg_advisory_xact_lock(%s)", (SET_UP_LOCK_KEY,))
        for rights in roles:
            session.execute(script(rights).encode())
        return [str(name) for (name,) in session.execute(SELECT_MISSING, ([rights.role for rights in roles],))]


@contextmanager
def session_at(address: Address) -> Iterator[Session]:
    """One transaction, committed unless the block fails."""
    try:
        with servers.connect(with_timeouts(address), psycopg.Connection) as session:
            yield session
    except psycopg.errors.InsufficientPrivilege as fault:
        raise Misconfigured(f"PostgreSQL: {fault}".partition("\n")[0]) from fault
    except psycopg.Error as fault:
        if not is_transient(fault):
            raise
        raise unavailable(address, fault) from fault


def lacking(session: Session, rights: Rights) -> list[str]:
    """What the user of this session may not do, of what these rights would let it."""
    found = [
        f"{privilege} on {table}"
        for table, privileges in rights.tables.items()
        for privilege in privileges
        if not holds(session, "select has_table_privilege(to_regclass(%s), %s)", f"public.{table}", privilege)
    ]
    return found or [
        f"append {types}… to {streams}…" for streams, types in rights.appends if not holds(session, SELECT_MAY_APPEND, streams, types)
    ]


def holds(session: Session, question: str, *values: str) -> bool:
    row = session.execute(question.encode(), values).fetchone()
    return bool(row and row[0])
