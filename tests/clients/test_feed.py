"""journey.feed with the Python client, on RabbitMQ: each event once and in order, whatever dies, with a user that may only read."""

import secrets
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import pika
import pytest
from pika.exceptions import AMQPError, ChannelClosedByBroker

from parcours_client.feed import BEGINNING, STREAM, FeedEvent, Gap, Place, read_feed
from shared.bus.names import SOLE
from shared.bus.publisher import Publisher
from shared.bus.tail import tail
from shared.bus.topology import declare_feed
from shared.cloud_event import encode_cloud_event
from tests.clients.dying_relay import relays_die
from tests.contract.bus.running import Bus
from tests.processes import eventually
from tests.servers import GivenRabbitmq, RabbitmqServer
from tests.servers.silent import DEAD


@pytest.fixture
def bus(rabbitmq_uri: str, tmp_path: Path) -> Iterator[Bus]:
    opened = Bus(rabbitmq_uri, tmp_path)
    yield opened
    opened.close()


class Reading:
    """Reads the feed in a thread, and keeps the place of each batch once it is handled."""

    def __init__(self, uri: str, place: Place = BEGINNING) -> None:
        self.place = place
        self.positions: list[int] = []
        self.fault: Exception | None = None
        threading.Thread(target=self.run, args=(uri, place), daemon=True).start()

    def run(self, uri: str, place: Place) -> None:
        try:
            for batch in read_feed(uri, place):
                self.positions += [each.event.position for each in batch]
                self.place = batch[-1].place
        except Exception as fault:  # noqa: BLE001 - looked at by the test
            self.fault = fault


def published(bus: Bus) -> list[int]:
    """The positions in the stream up to the head of the log, repetitions included."""
    found: list[int] = []
    for _, event in tail(bus.uri):
        found.append(event.position)
        if event.position == bus.store.head():
            return found
    return found


def test_repetitions_of_killed_relays_are_left_out(bus: Bus) -> None:
    reading = Reading(bus.uri)
    relays_die(bus, 3)
    bus.start_relay()
    log = [event.position for event in bus.store.read_all(0, 1_000_000)]
    eventually(lambda: reading.positions[-1:] == log[-1:] or reading.fault)
    assert reading.fault is None
    assert reading.positions == log
    assert len(published(bus)) > len(log), "there was nothing to leave out"


def read(uri: str, place: Place, last: int) -> list[FeedEvent]:
    """The events after a place, up to a position."""
    found: list[FeedEvent] = []
    for batch in read_feed(uri, place):
        found += batch
        if batch[-1].event.position >= last:
            break
    return found


def test_a_reader_goes_on_at_its_place(bus: Bus) -> None:
    bus.start_relay()
    first = bus.record(700)
    found = read(bus.uri, BEGINNING, first[-1])
    assert [each.event.position for each in found] == first
    later = bus.record(30)
    assert [each.event.position for each in read(bus.uri, found[-1].place, later[-1])] == later
    assert [each.event.position for each in read(bus.uri, found[123].place, later[-1])] == [*first, *later][124:]


def test_what_the_stream_lost_is_a_gap(bus: Bus) -> None:
    """The stream was deleted, and made again by the relay, which goes on at its checkpoint."""
    relay = bus.start_relay()
    first = bus.record(20)
    reading = Reading(bus.uri)
    eventually(lambda: reading.positions == first and bus.checkpoints.load("feed") == first[-1])
    bus.stop(relay)
    with bus.connection() as connection:
        connection.channel().queue_delete(STREAM)
    lost = bus.record(5)
    with bus.connection() as connection:
        publisher = Publisher(connection)
        declare_feed(publisher.channel, SOLE)
        later = bus.record(5)
        publisher.publish_events(bus.store.read_all(lost[-1], 100), queue=STREAM, form=encode_cloud_event)
    with pytest.raises(Gap) as gap:
        next(read_feed(bus.uri, reading.place))
    assert (gap.value.after, gap.value.before) == (first[-1], lost[-1])
    assert [each.event.position for each in next(read_feed(bus.uri, Place(None, lost[-1])))] == later


def test_another_stream_under_the_same_name_is_read_from_its_beginning(bus: Bus) -> None:
    relay = bus.start_relay()
    first = bus.record(20)
    eventually(lambda: bus.checkpoints.load("feed") == first[-1])
    bus.stop(relay)
    with bus.connection() as connection:
        connection.channel().queue_delete(STREAM)
        publisher = Publisher(connection)
        declare_feed(publisher.channel, SOLE)
        publisher.publish_events(bus.store.read_all(first[9], 100), queue=STREAM, form=encode_cloud_event)
    place = Place(5, first[11])  # the new stream has another event at this offset
    assert [each.event.position for each in next(read_feed(bus.uri, place))] == first[12:]


@pytest.mark.parametrize("death", [pytest.param("stop", marks=pytest.mark.long), "kill"])
def test_a_reader_waits_for_a_broker_that_is_away(own_rabbitmq: RabbitmqServer, tmp_path: Path, death: str) -> None:
    bus = Bus(own_rabbitmq.uri, tmp_path)
    bus.start_relay()
    reading = Reading(bus.uri)
    first = bus.record(20)
    eventually(lambda: reading.positions == first)
    if death == "kill":
        threading.Event().wait(15)  # a younger stream may come back closed: see shared/bus/relay.py
    getattr(own_rabbitmq, death)()
    later = bus.record(20)
    own_rabbitmq.start()
    eventually(lambda: reading.positions == [*first, *later], seconds=90)
    bus.close()


@contextmanager
def reader_of(server: GivenRabbitmq, uri: str) -> Iterator[str]:
    """The address of the vhost for a user that may read the feed, and nothing else."""
    name, password, vhost = f"reader-{secrets.token_hex(4)}", secrets.token_hex(8), urlsplit(uri).path.lstrip("/")
    server.api.put(f"/users/{name}", json={"password": password, "tags": ""}).raise_for_status()
    allowed = {"configure": "^$", "write": "^$", "read": "^journey\\.feed$"}
    server.api.put(f"/permissions/{quote(vhost, safe='')}/{name}", json=allowed).raise_for_status()
    place = urlsplit(uri)
    yield urlunsplit(place._replace(netloc=f"{name}:{password}@{place.hostname}:{place.port}"))
    server.api.delete(f"/users/{name}").raise_for_status()


def test_a_user_that_may_only_read_reads_and_can_do_nothing_else(rabbitmq_server: GivenRabbitmq, bus: Bus) -> None:
    bus.start_relay()
    positions = bus.record(10)
    eventually(lambda: bus.checkpoints.load("feed") == positions[-1])
    with reader_of(rabbitmq_server, bus.uri) as uri:
        reading = Reading(uri)
        eventually(lambda: reading.positions == positions)
        for attempt in ATTEMPTS:
            with pytest.raises(ChannelClosedByBroker) as closed:
                tried(uri, attempt)
            assert closed.value.reply_code == 403
        with pytest.raises(ChannelClosedByBroker):
            next(read_feed(uri, stream="intake.inbox"))
    assert reading.fault is None


ATTEMPTS: list[Any] = [
    lambda channel: channel.basic_publish("", STREAM, b"{}"),
    lambda channel: channel.basic_publish("journey.events", "alencon.intake.PersonIdentified", b"{}"),
    lambda channel: channel.queue_delete(STREAM),
    lambda channel: channel.queue_declare("mine"),
    lambda channel: channel.exchange_declare("mine"),
    lambda channel: channel.basic_get("intake.inbox"),
]


def tried(uri: str, attempt: Any) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(uri))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        attempt(channel)
    finally:
        with suppress(AMQPError):
            connection.close()


def test_a_user_that_is_not_known_is_told_so(rabbitmq_uri: str) -> None:
    place = urlsplit(rabbitmq_uri)
    with pytest.raises(AMQPError):
        next(read_feed(urlunsplit(place._replace(netloc=f"nobody:nothing@{place.hostname}:{place.port}"))))


def test_several_brokers_with_tls_are_tried_in_turn(amqps_uri: str, tmp_path: Path) -> None:
    secured = Bus(amqps_uri, tmp_path)
    secured.start_relay()
    positions = secured.record(5)
    with DEAD["refusing"]() as dead, DEAD["silent"]() as mute:
        others = (amqps_uri.replace(f":{urlsplit(amqps_uri).port}", f":{port}") for port in (dead, mute))
        reading = Reading(";".join((*others, amqps_uri)))
        eventually(lambda: reading.positions == positions or reading.fault)
    assert reading.fault is None
    secured.close()


def test_a_certificate_that_is_not_accepted_ends_the_reading(tls_rabbitmq: RabbitmqServer) -> None:
    for address in (
        tls_rabbitmq.over_tls(tls_rabbitmq.uri, "127.0.0.1"),
        tls_rabbitmq.over_tls(tls_rabbitmq.uri).partition("?")[0],
    ):
        with pytest.raises(ssl.SSLCertVerificationError):
            next(read_feed(address))


@pytest.mark.parametrize("uri", ["amqp://h;amqps://h", "amqp://h?cacertfile=/a", "amqps://h?verify=verify_none", "amqps://h?colour=blue"])
def test_an_address_that_means_nothing_ends_the_reading(uri: str) -> None:
    with pytest.raises(ValueError, match=r"TLS|verif|colour"):
        next(read_feed(uri))
