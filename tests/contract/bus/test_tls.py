"""RabbitMQ over TLS: what is exchanged, and what is refused. The fixture `bus` runs all other tests over TLS too (`make test-long`)."""

import ssl
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from pika.exceptions import AMQPConnectionError

from shared.address import Address
from shared.bus.blocking import ask, connect
from shared.bus.tail import tail
from shared.bus.transport.connection import BROKER_FAULTS, open_connection
from shared.errors import Misconfigured, Unavailable
from shared.tls import refusal
from tests.contract.bus.running import Bus
from tests.processes import eventually
from tests.servers import RabbitmqServer
from tests.servers.certificates import HOST, Authority, authority
from tests.servers.silent import context_with, serving, silent


def test_events_dead_letters_and_the_feed_pass_over_tls(amqps_uri: str, tmp_path: Path) -> None:
    bus = Bus(amqps_uri, tmp_path)
    try:
        bus.start_relay()
        bus.consume(bus.policy_inbox())
        bus.recorder.faults[3] = ValueError("never")
        positions = bus.record(300)
        eventually(lambda: len(bus.recorder.events) == 299)
        assert [3, *bus.recorder.positions][:2] == [3, 1]
        assert [letter.position for letter in bus.dead_letters.list()] == [3]
        bus.recorder.faults.clear()
        assert bus.dead_letters.replay() == 1
        eventually(lambda: sorted(bus.recorder.positions) == positions)
        eventually(lambda: bus.checkpoints.load("feed") == positions[-1])
        assert next(tail(amqps_uri))[1].position == positions[0]
    finally:
        bus.close()


def test_tls_is_what_is_spoken(amqps_uri: str) -> None:
    with open_connection(amqps_uri) as connection:
        assert connection.connection.transport.sock.filter.version() in {"TLSv1.2", "TLSv1.3"}


def test_a_client_shows_a_certificate_of_its_own(tls_rabbitmq: RabbitmqServer, tmp_path: Path) -> None:
    certificate, key = authority().sign("client")
    (tmp_path / "client.pem").write_text(certificate)
    (tmp_path / "key.pem").write_text(key)
    own = {"certfile": str(tmp_path / "client.pem"), "keyfile": str(tmp_path / "key.pem")}
    address = Address(tls_rabbitmq.over_tls(tls_rabbitmq.uri, **own))
    ask(address)
    with open_connection(address) as connection:
        assert connection.connected
    certificate, key = Authority("stranger", tmp_path).sign("client")
    (tmp_path / "client.pem").write_text(certificate)
    (tmp_path / "key.pem").write_text(key)
    with pytest.raises((Misconfigured, Unavailable)):  # with TLS 1.3 the broker may close the connection before it is heard why
        ask(address)


def test_an_alert_about_a_certificate_of_ours_is_a_refusal() -> None:
    lost = AMQPConnectionError("Stream connection lost: SSLError(1, '[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca (_ssl.c:2580)')")
    assert "does not accept it (TLSV1_ALERT_UNKNOWN_CA)" in str(refusal(lost, HOST))
    assert refusal(ConnectionResetError("reset"), HOST) is None


def sentence(address: Address | str) -> str:
    """The one with which a start is refused. Nothing opens a connection either."""
    with pytest.raises(Misconfigured) as fault:
        ask(Address(address))
    (said,) = fault.value.sentences
    assert said.count(". ") == 0
    assert not any(secret in said for secret in Address(address).secrets())
    with pytest.raises(BROKER_FAULTS), open_connection(address):
        pass
    with pytest.raises((OSError, AMQPConnectionError)):
        connect(address)
    return said


def test_a_certificate_for_another_name_is_refused(tls_rabbitmq: RabbitmqServer) -> None:
    assert "for another name than 127.0.0.1" in sentence(tls_rabbitmq.over_tls(tls_rabbitmq.uri, "127.0.0.1"))
    ask(Address(tls_rabbitmq.over_tls(tls_rabbitmq.uri, "127.0.0.1", server_name_indication=HOST)))


def test_a_certificate_of_an_authority_that_is_not_trusted_is_refused(tls_rabbitmq: RabbitmqServer, tmp_path: Path) -> None:
    stranger = Authority("stranger", tmp_path).file
    assert "no authority that is trusted" in sentence(tls_rabbitmq.over_tls(tls_rabbitmq.uri, cacertfile=str(stranger)))
    assert "no authority that is trusted" in sentence(tls_rabbitmq.over_tls(tls_rabbitmq.uri).partition("?")[0])


@pytest.fixture
def at(tmp_path: Path) -> Callable[[int], str]:
    return lambda port: f"amqps://u:sesame@{HOST}:{port}/?{urlencode({'cacertfile': str(authority().file)})}"


def test_a_certificate_that_has_expired_is_refused(at: Callable[[int], str], tmp_path: Path) -> None:
    with serving(context_with(authority(), tmp_path, expired=True)) as port:
        assert "has expired" in sentence(at(port))


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_an_old_version_of_tls_is_refused(at: Callable[[int], str], tmp_path: Path) -> None:
    context = context_with(authority(), tmp_path)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with serving(context) as port:
        assert "TLS of version 1.2" in sentence(at(port))


def test_a_port_without_tls_is_refused(at: Callable[[int], str], rabbitmq_uri: str) -> None:
    assert "does not answer in TLS" in sentence(at(urlsplit(rabbitmq_uri).port or 0))


@pytest.fixture(params=["cacertfile", "certfile"])
def unreadable(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    return request.param, tmp_path / "missing.pem"


def test_a_file_that_cannot_be_read_is_named(tls_rabbitmq: RabbitmqServer, unreadable: tuple[str, Path]) -> None:
    option, file = unreadable
    address = tls_rabbitmq.over_tls(tls_rabbitmq.uri, **{option: str(file)})
    assert str(file) in sentence(address)
    file.write_text("no certificate")
    assert str(file) in sentence(address)


def test_a_broker_that_does_not_agree_on_tls_is_away(at: Callable[[int], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.bus.blocking.OPENING_TIMEOUT_S", 0.3)
    with silent() as port, pytest.raises(Unavailable):
        ask(Address(at(port)))
