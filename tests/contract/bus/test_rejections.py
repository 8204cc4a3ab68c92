"""A broker that refuses is told from one that is away, among several too."""

from collections.abc import Iterator
from urllib.parse import quote, urlsplit
from uuid import uuid4

import pytest

from shared.address import Address
from shared.bus.blocking import ask
from shared.errors import Misconfigured, Unavailable
from tests.servers import GivenRabbitmq

SECRET = "sesame-of-the-broker"
AWAY = f"amqp://u:{SECRET}@127.0.0.1:1/v"


@pytest.fixture
def guest(rabbitmq_server: GivenRabbitmq, rabbitmq_uri: str) -> Iterator[str]:
    """The address of a user with SECRET who may enter the virtual host, and nothing else."""
    name, vhost = f"user-{uuid4().hex}", quote(urlsplit(rabbitmq_uri).path[1:])
    rabbitmq_server.api.put(f"/users/{name}", json={"password": SECRET, "tags": ""}).raise_for_status()
    nothing = {"configure": "^$", "write": "^$", "read": "^$"}
    rabbitmq_server.api.put(f"/permissions/{vhost}/{name}", json=nothing).raise_for_status()
    place = urlsplit(rabbitmq_uri)
    yield f"amqp://{name}:{SECRET}@{place.hostname}:{place.port}{place.path}"
    rabbitmq_server.api.delete(f"/users/{name}").raise_for_status()


def sentences(*addresses: str, exchange: str | None = None) -> tuple[str, ...]:
    with pytest.raises(Misconfigured) as fault:
        ask(Address(";".join(addresses)), exchange)
    assert SECRET not in str(fault.value)
    return fault.value.sentences


def test_what_no_waiting_mends_is_refused(guest: str) -> None:
    ask(Address(guest))
    (password,) = sentences(guest.replace(SECRET, f"not-{SECRET}"))
    (vhost,) = sentences(f"{guest}-of-another-name")
    (exchange,) = sentences(guest, exchange="journey.events")
    (option,) = sentences(f"{guest}?heartbeat=often")
    assert "403" in password
    assert "530" in vhost
    assert "journey.events" in exchange
    assert "heartbeat" in option


def test_every_broker_of_an_address_is_asked(guest: str, rabbitmq_uri: str) -> None:
    assert len(sentences(guest, guest.replace(SECRET, f"not-{SECRET}"), AWAY, f"{guest}-of-another-name")) == 2
    ask(Address(f"{AWAY};{guest}"))
    ask(Address(rabbitmq_uri), "journey.events")


def test_a_user_who_has_no_right_to_the_virtual_host_is_refused(guest: str, rabbitmq_server: GivenRabbitmq) -> None:
    place = urlsplit(guest)
    rabbitmq_server.api.delete(f"/permissions/{quote(place.path[1:])}/{place.username}").raise_for_status()
    (sentence,) = sentences(guest)
    assert "530" in sentence


@pytest.mark.parametrize("place", ["127.0.0.1:1", "nowhere.invalid"])
def test_a_broker_that_is_not_there_is_away(place: str) -> None:
    with pytest.raises(Unavailable) as fault:
        ask(Address(f"amqp://u:{SECRET}@{place}/v;{AWAY}"))
    assert place in str(fault.value)
    assert SECRET not in str(fault.value)


def test_a_broker_with_too_many_connections_is_away(guest: str, rabbitmq_server: GivenRabbitmq) -> None:
    name = urlsplit(guest).username
    rabbitmq_server.api.put(f"/user-limits/{name}/max-connections", json={"value": 0}).raise_for_status()
    with pytest.raises(Unavailable):
        ask(Address(guest))
