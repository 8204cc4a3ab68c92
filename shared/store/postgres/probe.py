"""Asks a PostgreSQL server whether it lets us in, and whether the log or the read models can be used there. Nothing is changed."""

from collections.abc import Callable, Sequence
from functools import partial

import psycopg
from psycopg.conninfo import make_conninfo

from shared.address import Address
from shared.errors import Misconfigured
from shared.store.postgres.connection import is_transient, unavailable, with_timeouts
from shared.store.postgres.granting import lacking
from shared.store.postgres.rejection import ASK_TIMEOUT_S, rejection
from shared.store.postgres.rights import Rights
from shared.store.postgres.schema import VERSION, fetch_value, needs_set_up
from shared.store.postgres.tls_refusal import tls_refusal

ENCODING = "UTF8"
STATEMENT_TIMEOUT = "set statement_timeout = '5s'"
SELECT_MAY_READ_LOG = "select has_table_privilege(to_regclass('public.events'), 'select')"
SELECT_HAS_PERSON_KEYS = "select to_regclass('public.person_keys_position') is not null"
SELECT_MAY_USE_PERSON_KEYS = """select bool_and(has_table_privilege(to_regclass(name), privilege))
    from unnest(array['public.person_keys', 'public.person_tokens']) as name, unnest(array['select', 'insert', 'update']) as privilege"""
SELECT_MAY_MAKE_PERSON_KEYS = "select has_schema_privilege('public', 'create')"
SELECT_MAY_MAKE_TABLES = """select coalesce((select pg_has_role(nspowner, 'member') from pg_namespace
    where nspname = current_schema() || '{suffix}'), has_database_privilege(current_database(), 'create'))"""

Session = psycopg.Connection[tuple[object, ...]]


def ask_log(address: Address, rights: Sequence[Rights] = ()) -> str:
    """Whether a process can read the log and do what these rights let it do, or set it up; returns a remark, which is empty if it is there.

    Raises:
        Misconfigured: the server refuses, or the role may not use the log.
        Outdated: the database holds a log of an earlier shape.
        Unavailable: the server is away.
    """
    return ask(address, partial(look_at_log, rights))


def ask_person_keys(address: Address) -> str:
    """The same for the keys of persons."""
    return ask(address, look_at_person_keys)


def ask_tables(address: Address, suffix: str) -> str:
    """The same for the read models, whose tables a process makes itself, in a schema that is named after the one of the address."""
    return ask(address, partial(look_at_tables, suffix))


def look_at_log(rights: Sequence[Rights], session: Session) -> str:
    if needs_set_up(session):
        return f"the first start sets it up, version {VERSION}"
    if not fetch_value(session, SELECT_MAY_READ_LOG):
        raise Misconfigured("PostgreSQL: this user has no right to the log: its owner grants it, with `parcours setup` (42501).")
    if lacks := [lack for each in rights for lack in lacking(session, each)]:
        more = f", nor {len(lacks) - 1} other things" if len(lacks) > 1 else ""
        raise Misconfigured(
            f"PostgreSQL: this user may not {lacks[0]}{more}: the owner of the log grants it, with `parcours setup` (42501)."
        )
    return ""


def look_at_person_keys(session: Session) -> str:
    there = fetch_value(session, SELECT_HAS_PERSON_KEYS)
    if not fetch_value(session, SELECT_MAY_USE_PERSON_KEYS if there else SELECT_MAY_MAKE_PERSON_KEYS):
        raise Misconfigured("PostgreSQL: this user has no right to the keys of persons, or to make their tables (42501).")
    return "" if there else "the first start sets it up"


def look_at_tables(suffix: str, session: Session) -> str:
    if not fetch_value(session, SELECT_MAY_MAKE_TABLES.format(suffix=suffix)):
        raise Misconfigured("PostgreSQL: this user has no right to make schemas in the database, or to the one that is there (42501).")
    return ""


def ask(address: Address, look: Callable[[Session], str]) -> str:
    conninfo = make_conninfo(with_timeouts(address), connect_timeout=ASK_TIMEOUT_S)
    try:
        with psycopg.connect(conninfo, autocommit=True) as session:
            session.execute(STATEMENT_TIMEOUT)
            if (encoding := session.info.parameter_status("server_encoding")) != ENCODING:
                raise Misconfigured(f"PostgreSQL: the database has the encoding {encoding}, and texts need {ENCODING}.")
            return look(session)
    except psycopg.OperationalError as fault:
        if fault.sqlstate is None and (why := tls_refusal(conninfo)):
            raise Misconfigured(f"PostgreSQL {why.removesuffix('.')}.") from None
        if fault.sqlstate is None and (why := rejection(conninfo)):
            raise Misconfigured(f"PostgreSQL refuses: {why}.") from None
        raise unavailable(address, fault) from fault
    except psycopg.Error as fault:
        if is_transient(fault):
            raise unavailable(address, fault) from fault
        raise Misconfigured(address.conceal(f"PostgreSQL refuses: {fault}".partition("\n")[0])) from fault
