"""Of several brokers the first that opens a connection is used, whatever the others do: refuse, answer nothing, or take no connection."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.healthy import main as healthy
from shared.address import Address
from shared.bus import blocking, brokers
from shared.bus.blocking import ask, connect
from shared.bus.dead_letters import RabbitDeadLetters
from shared.bus.tail import tail
from shared.bus.transport import amqp
from shared.bus.transport.connection import BROKER_FAULTS, open_connection
from shared.errors import Unavailable
from tests.contract.bus.running import SERVICE, Bus
from tests.deploy.test_health import consumed, settings
from tests.processes import eventually
from tests.servers.silent import DEAD

URIS = {"amqp": "rabbitmq_uri", "amqps": "amqps_uri"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known of any broker, and each has half a second, so that the tests are short."""
    monkeypatch.setattr(brokers, "failures", {})
    for module in (amqp, blocking):
        monkeypatch.setattr(module, "OPENING_TIMEOUT_S", 0.5)


@pytest.fixture(params=["amqp", "amqps"])
def uri(request: pytest.FixtureRequest) -> str:
    uri: str = request.getfixturevalue(URIS[request.param])
    return uri


@pytest.fixture
def at_dead(uri: str) -> Iterator[Callable[..., str]]:
    """The addresses of dead brokers of some kinds, each with a `;`."""
    with ExitStack() as stack:

        def addresses(*kinds: str) -> str:
            ports = [stack.enter_context(DEAD[kind]()) for kind in kinds]
            place = urlsplit(uri)
            user, _, _ = place.netloc.rpartition("@")
            return "".join(f"{place._replace(netloc=f'{user}@127.0.0.1:{port}').geturl()};" for port in ports)

        yield addresses


@pytest.mark.parametrize("kind", DEAD)
def test_services_use_the_broker_after_a_dead_one(uri: str, at_dead: Callable[..., str], kind: str) -> None:
    with open_connection(at_dead(kind) + uri) as connection:
        assert connection.connected
        assert (connection.connection.broker.host, connection.connection.broker.port) == (urlsplit(uri).hostname, urlsplit(uri).port)


@pytest.mark.parametrize("kind", DEAD)
def test_blocking_code_uses_the_broker_after_a_dead_one(uri: str, at_dead: Callable[..., str], kind: str) -> None:
    with connect(at_dead(kind) + uri) as connection:
        assert connection.is_open


def test_a_dead_broker_is_tried_last_from_then_on(uri: str, at_dead: Callable[..., str]) -> None:
    address = Address(at_dead("refusing") + uri)
    assert brokers.in_turn(address)[1].port == urlsplit(uri).port
    with open_connection(address):
        assert brokers.in_turn(address)[0].port == urlsplit(uri).port


@pytest.mark.parametrize("uri", ["amqps"], indirect=True)
def test_whoever_reads_the_broker_passes_over_those_that_are_dead(uri: str, at_dead: Callable[..., str], tmp_path: Path) -> None:
    address = at_dead("refusing", "silent", "full") + uri
    bus = Bus(uri, tmp_path)
    bus.start_relay()
    (position,) = bus.record()
    eventually(lambda: bus.checkpoints.load("feed") == position)
    bus.close()
    assert next(tail(address))[1].position == position
    for forget_and_ask in (
        lambda: ask(Address(address)),
        lambda: RabbitDeadLetters(address, (SERVICE,)).list(),
        lambda: healthy("coaching", settings(tmp_path, address)),
    ):
        brokers.failures.clear()
        forget_and_ask()
        assert len(brokers.failures) == 3  # all the dead were tried


@pytest.mark.parametrize("uri", ["amqps"], indirect=True)
def test_brokers_that_are_all_dead_are_named_with_the_reason_of_each(uri: str, at_dead: Callable[..., str], tmp_path: Path) -> None:
    address = at_dead("refusing", "silent").rstrip(";")
    first, second = (str(urlsplit(each).port) for each in address.split(";"))
    with pytest.raises(BROKER_FAULTS) as fault, open_connection(address):
        pass
    for text in (str(fault.value), failing(lambda: next(tail(address))), failing(lambda: ask(Address(address)))):
        assert text.index(first) < text.index("refused") < text.index(second)
        assert Address(uri).secrets()
        assert not any(secret in text for secret in Address(uri).secrets())


def failing(call: Callable[[], object]) -> str:
    with pytest.raises(Unavailable) as fault:
        call()
    return str(fault.value)


def test_a_health_check_is_green_through_the_second_broker(rabbitmq_uri: str, tmp_path: Path) -> None:
    with consumed(rabbitmq_uri, "coaching.requests", "coaching.inbox"), DEAD["refusing"]() as port:
        assert healthy("coaching", settings(tmp_path, f"amqp://127.0.0.1:{port};{rabbitmq_uri}")) == 0
