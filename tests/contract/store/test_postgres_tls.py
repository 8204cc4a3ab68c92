"""PostgreSQL over TLS with `verify-full`: the log, the read models and the records of gateways; a wrong certificate is told from absence.

The contract of the log runs over TLS too (`make test-long`).
"""

import socket
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.reporting.projection.database import driver_address, open_engine
from shared.address import Address
from shared.errors import Misconfigured, Unavailable
from shared.store.port import Append
from shared.store.postgres.connection import Connection, Statement
from shared.store.postgres.gateway_records import PostgresGatewayRecords
from shared.store.postgres.presence import SSL_REQUEST
from shared.store.postgres.probe import ask_log, ask_tables
from shared.store.postgres.store import PostgresStore
from tests.contract.bus.blocking import new_event
from tests.servers import GivenPostgres, PostgresServer
from tests.servers.certificates import HOST, Authority, authority
from tests.servers.silent import context_with, refusing, serving

IN_TLS = "select count(*) from pg_stat_ssl where ssl and pid = pg_backend_pid()"


def test_the_log_is_written_and_read(postgres_tls_dsn: str) -> None:
    store = PostgresStore(postgres_tls_dsn)
    appended = store.append_many([Append(f"s-{uuid4()}", 0, [new_event()]) for _ in range(2_000)])
    assert len(appended) == 2_000
    assert [event.position for event in store.read_all(0, 2_000)] == list(range(1, 2_001))  # more than a record of TLS holds
    store.close()
    assert ask_log(Address(postgres_tls_dsn)) == ""


def test_read_models_are_reached(postgres_tls_dsn: str) -> None:
    address = Address(postgres_tls_dsn.replace("postgresql:", "postgresql+psycopg:"))
    engine = open_engine(address)
    with engine.connect() as connection:
        assert connection.execute(text(IN_TLS)).scalar() == 1
    engine.dispose()
    assert ask_tables(driver_address(address), "_facts_0") == ""


def test_the_records_of_gateways_are_kept(postgres_tls_dsn: str) -> None:
    PostgresStore(postgres_tls_dsn).close()
    records = PostgresGatewayRecords(postgres_tls_dsn)
    try:
        with records.pool.connection() as connection:
            assert connection.pgconn.ssl_in_use
    finally:
        records.close()


def sentence(address: str) -> str:
    """The one with which a start is refused, by the log and by the read models; the log is not opened either."""
    said: set[str] = set()
    for ask in (ask_log, partial(ask_tables, suffix="_facts_0")):
        with pytest.raises(Misconfigured) as fault:
            ask(Address(address))
        said.update(fault.value.sentences)
    with pytest.raises(Unavailable):
        PostgresStore(address)
    (one,) = said
    assert not any(secret in one for secret in Address(address).secrets())
    return one


def test_a_certificate_for_another_name_is_refused(tls_postgres: PostgresServer) -> None:
    assert "for another name than 127.0.0.1" in sentence(tls_postgres.over_tls(tls_postgres.dsn, "127.0.0.1"))
    assert "sets it up" in ask_log(Address(tls_postgres.over_tls(tls_postgres.dsn, "127.0.0.1", "verify-ca")))


@pytest.mark.parametrize("mode", ["verify-full", "verify-ca", "require"])
def test_a_certificate_of_an_authority_that_is_not_trusted_is_refused(tls_postgres: PostgresServer, tmp_path: Path, mode: str) -> None:
    stranger = str(Authority("stranger", tmp_path).file)
    assert "no authority that is trusted" in sentence(tls_postgres.over_tls(tls_postgres.dsn, mode=mode, sslrootcert=stranger))


def test_an_authority_whose_file_is_missing_is_named(tls_postgres: PostgresServer, tmp_path: Path) -> None:
    assert "missing.pem" in sentence(tls_postgres.over_tls(tls_postgres.dsn, sslrootcert=str(tmp_path / "missing.pem")))


@pytest.fixture
def at() -> Callable[[int], str]:
    options = urlencode({"sslmode": "verify-full", "sslrootcert": str(authority().file), "connect_timeout": "5"})
    return lambda port: f"postgresql://u:sesame@{HOST}:{port}/log?{options}"


def offer(answer: bytes) -> Callable[[socket.socket], None]:
    """What a server answers to the request for TLS."""

    def greet(client: socket.socket) -> None:
        assert client.recv(len(SSL_REQUEST)) == SSL_REQUEST
        client.sendall(answer)

    return greet


def test_a_certificate_that_has_expired_is_refused(at: Callable[[int], str], tmp_path: Path) -> None:
    with serving(context_with(authority(), tmp_path, expired=True), offer(b"S")) as port:
        assert "has expired" in sentence(at(port))


def test_a_server_without_tls_is_refused(at: Callable[[int], str]) -> None:
    with serving(None, offer(b"N")) as port:
        assert "does not offer TLS" in sentence(at(port))


def test_a_server_that_is_not_there_is_away(at: Callable[[int], str]) -> None:
    with refusing() as port, pytest.raises(Unavailable):
        ask_log(Address(at(port)))


def test_of_several_servers_the_one_that_is_refused_is_named(tls_postgres: PostgresServer) -> None:
    with refusing() as port:
        address = tls_postgres.over_tls(tls_postgres.dsn, "127.0.0.1").replace("@127", f"@localhost:{port},127")
        assert f"at 127.0.0.1:{tls_postgres.port} " in sentence(address)


def test_without_verification_nothing_is_asked(postgres_server: GivenPostgres, postgres_dsn: str) -> None:
    assert "sets it up" in ask_log(Address(postgres_dsn))


def test_large_answers_are_taken_in_whole(postgres_tls_dsn: str) -> None:
    """Of all sizes, so that records of TLS end anywhere in them: what stays in OpenSSL, its socket says nothing of."""
    connection = Connection(postgres_tls_dsn, answer_timeout=5)
    assert connection.pgconn.ssl_in_use
    for rows, length in product((1, 3, 17), range(4_000, 40_000, 1_111)):
        statement = Statement(f"of_{rows}_{length}", f"select repeat('x', {length}) from generate_series(1, {rows})")
        answer = connection.call(statement)
        assert (answer.ntuples, len(answer.get_value(rows - 1, 0) or b"")) == (rows, length)
    connection.close()
