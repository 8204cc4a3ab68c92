"""A server that refuses is told from one that is away, in whatever language it says so."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import LiteralString
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from shared.address import Address
from shared.errors import Misconfigured, Unavailable
from shared.store.postgres.probe import ask_log, ask_tables
from shared.store.postgres.store import PostgresStore
from tests.servers import GivenPostgres

SECRET = "sesame-of-the-log"


@pytest.fixture
def role(postgres_server: GivenPostgres) -> Iterator[str]:
    """A role that may do nothing but log in with SECRET."""
    name = f"role_{uuid4().hex}"
    with psycopg.connect(postgres_server.dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("create role {} login password {}").format(sql.Identifier(name), SECRET))
        yield name
        connection.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


def as_role(dsn: str, role: str, password: str = SECRET) -> Address:
    place = urlsplit(dsn)
    return Address(f"postgresql://{role}:{password}@{place.hostname}:{place.port}{place.path}")


def run(dsn: str, statement: LiteralString, role: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(role=sql.Identifier(role), database=sql.Identifier(urlsplit(dsn).path[1:])))


asked = partial(ask_tables, suffix="_facts_0")


def refused(ask: Callable[[Address], str], address: Address, code: str) -> None:
    with pytest.raises(Misconfigured) as fault:
        ask(address)
    assert code in str(fault.value)
    assert SECRET not in str(fault.value)


@pytest.mark.parametrize("ask", [ask_log, asked])
def test_what_no_waiting_mends_is_refused(ask: Callable[[Address], str], postgres_dsn: str, role: str) -> None:
    refused(ask, as_role(postgres_dsn, role, f"not-{SECRET}"), "28P01")
    refused(ask, as_role(postgres_dsn, "nobody-of-this-name"), "28P01")
    refused(ask, as_role(f"{postgres_dsn}-of-another-name", role), "3D000")
    refused(ask, Address(f"{as_role(postgres_dsn, role).reveal()}?colour=blue"), "colour")
    run(postgres_dsn, "revoke connect on database {database} from public", role)
    refused(ask, as_role(postgres_dsn, role), "42501")


@pytest.mark.parametrize("ask", [ask_log, asked])
@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_every_text_is_refused(ask: Callable[[Address], str], encoding: str, postgres_dsn: str) -> None:
    """Its texts would come back as bytes, or not go in."""
    name = f"other_{uuid4().hex}"
    create = sql.SQL("create database {} encoding {} locale 'C' template template0")
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(create.format(sql.Identifier(name), sql.Literal(encoding)))
        try:
            refused(ask, Address(postgres_dsn.replace(urlsplit(postgres_dsn).path, f"/{name}")), encoding)
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def test_an_address_without_the_password_that_is_asked_for_is_refused(postgres_dsn: str, role: str) -> None:
    refused(ask_log, Address(as_role(postgres_dsn, role).reveal().replace(f":{SECRET}", "")), "password")


def test_a_log_that_is_not_set_up_is_looked_at_and_not_made(postgres_dsn: str, role: str) -> None:
    assert "sets it up" in ask_log(Address(postgres_dsn))
    refused(ask_log, as_role(postgres_dsn, role), "not set up")
    with psycopg.connect(postgres_dsn) as connection:
        assert connection.execute("select to_regclass('public.events')").fetchone() == (None,)
    PostgresStore(postgres_dsn).close()
    assert ask_log(Address(postgres_dsn)) == ""


def test_a_role_needs_rights_to_a_log_that_is_set_up(postgres_dsn: str, role: str) -> None:
    PostgresStore(postgres_dsn).close()
    refused(ask_log, as_role(postgres_dsn, role), "42501")
    run(postgres_dsn, "grant parcours_service to {role}", role)
    assert ask_log(as_role(postgres_dsn, role)) == ""
    run(postgres_dsn, "comment on table public.events is 'parcours log, version 1'", role)
    refused(ask_log, as_role(postgres_dsn, role), "not set up")
    run(postgres_dsn, "comment on table public.events is 'parcours log, version 999'", role)
    assert ask_log(as_role(postgres_dsn, role)) == ""


def test_a_role_needs_the_right_to_make_the_tables_of_the_read_models(postgres_dsn: str, role: str) -> None:
    refused(asked, as_role(postgres_dsn, role), "42501")
    run(postgres_dsn, "grant create on database {database} to {role}", role)
    assert asked(as_role(postgres_dsn, role)) == ""
    run(postgres_dsn, "create schema public_facts_0", role)
    refused(asked, as_role(postgres_dsn, role), "42501")
    run(postgres_dsn, "revoke create on database {database} from {role}", role)


@contextmanager
def answering(code: str, sentence: str) -> Iterator[Address]:
    """A server that answers every connection with an error."""
    fields = (
        b"".join(kind + text.encode() + b"\0" for kind, text in ((b"S", "FATAL"), (b"V", "FATAL"), (b"C", code), (b"M", sentence))) + b"\0"
    )

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(8)
                connection.sendall(b"N")  # no TLS
                connection.recv(1_000)
                connection.sendall(b"E" + (len(fields) + 4).to_bytes(4, "big") + fields)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield Address(f"postgresql://u:{SECRET}@127.0.0.1:{listener.getsockname()[1]}/log")
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@pytest.mark.parametrize(
    ("code", "sentence"), [("57P03", "veritabanı sistemi başlatılıyor"), ("53300", "trop de clients"), ("57P01", "arrêt")]
)
def test_a_server_that_cannot_take_us_now_is_away(code: str, sentence: str) -> None:
    with answering(code, sentence) as address, pytest.raises(Unavailable):
        ask_log(address)


@pytest.mark.parametrize(("code", "sentence"), [("28000", "pas d'entrée dans pg_hba.conf"), ("28P01", "şifre doğrulaması başarısız")])
def test_a_rejection_is_understood_in_every_language(code: str, sentence: str) -> None:
    with answering(code, sentence) as address:
        refused(ask_log, address, code)


@pytest.mark.parametrize("place", ["127.0.0.1:1", "nowhere.invalid", "127.0.0.1:1,nowhere.invalid:2"])
def test_a_server_that_is_not_there_is_away(place: str) -> None:
    with pytest.raises(Unavailable) as fault:
        ask_log(Address(f"postgresql://u:{SECRET}@{place}/log"))
    assert SECRET not in str(fault.value)
