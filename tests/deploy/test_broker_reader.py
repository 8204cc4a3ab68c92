"""The user of a trusted back end reads the streams of all events and of figures, and can do nothing else on the broker."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker, ConnectionClosedByBroker

from shared.bus.names import SOLE
from shared.bus.publisher import Publisher
from shared.bus.tail import tail
from shared.bus.topology import declare_figures
from shared.bus.transport.connection import open_connection
from tests.contract.bus.running import Bus
from tests.forks import ROOT
from tests.processes import eventually
from tests.servers import GivenRabbitmq

MOVED = b'{"position": 7}'
ACCESS_REFUSED, NOT_IMPLEMENTED = 403, 540


class Broker:
    """A broker with recorded events, and the address with which the reader comes."""

    def __init__(self, server: GivenRabbitmq, uri: str, folder: Path) -> None:
        self.bus = Bus(uri, folder)
        self.bus.consume(self.bus.policy_inbox())
        self.bus.start_relay()
        self.positions = self.bus.record(5)
        eventually(lambda: self.bus.checkpoints.load("feed") == self.positions[-1])
        with open_connection(uri) as connection:
            publisher = Publisher(connection)
            declare_figures(publisher.channel, SOLE)
            publisher.publish(MOVED, "", SOLE.figures, {}, "moved")
            publisher.wait_for_confirms()
        place, self.name = urlsplit(uri), f"test-{uuid4().hex[:12]}"
        secret = folder / "secret"
        words = ["-m", "deploy.broker_reader", self.name, "--secret", str(secret), "--vhost", place.path.lstrip("/")]
        made = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
        assert secret.stat().st_mode & 0o077 == 0
        assert secret.read_text() not in made.stdout
        server.api.post("/definitions", json=json.loads(made.stdout)).raise_for_status()
        self.again = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
        host = f"reader-{self.name}:{secret.read_text()}@{place.hostname}:{place.port}"
        self.reader = urlunsplit(place._replace(netloc=host))


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory, rabbitmq_server: GivenRabbitmq) -> Iterator[Broker]:
    with rabbitmq_server.vhost() as uri:
        made = Broker(rabbitmq_server, uri, tmp_path_factory.mktemp("broker"))
        try:
            yield made
        finally:
            made.bus.close()
            rabbitmq_server.api.delete(f"/users/reader-{made.name}").raise_for_status()


def test_it_reads_the_stream(broker: Broker) -> None:
    assert [event.position for _, event in islice(tail(broker.reader, "first"), 5)] == broker.positions


def test_it_reads_the_stream_of_figures(broker: Broker) -> None:
    with pika.BlockingConnection(pika.URLParameters(broker.reader)) as connection:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=1)
        _, _, body = next(channel.consume(SOLE.figures, arguments={"x-stream-offset": "first"}, inactivity_timeout=20))
        assert body == MOVED


def test_a_password_is_made_once(broker: Broker) -> None:
    assert broker.again.returncode == 2
    assert broker.again.stdout == ""


Action = Callable[[Any], Any]
REFUSED: dict[str, Action] = {
    "publish to the stream": lambda channel: channel.basic_publish("", SOLE.feed, b"{}"),
    "publish to the stream of figures": lambda channel: channel.basic_publish("", SOLE.figures, b"{}"),
    "publish to the inboxes": lambda channel: channel.basic_publish(SOLE.events, "alencon.intake.PersonIdentified", b"{}"),
    "call a service": lambda channel: channel.basic_publish(SOLE.rpc, "coaching.health", b"{}"),
    "declare a queue": lambda channel: channel.queue_declare("mine"),
    "declare a queue without a name": lambda channel: channel.queue_declare("", exclusive=True),
    "declare an exchange": lambda channel: channel.exchange_declare("mine"),
    "delete the stream": lambda channel: channel.queue_delete(SOLE.feed),
    "delete the stream of figures": lambda channel: channel.queue_delete(SOLE.figures),
    "delete an inbox": lambda channel: channel.queue_delete(SOLE.inbox("coaching")),
    "delete the exchange": lambda channel: channel.exchange_delete(SOLE.events),
    "bind the stream": lambda channel: channel.queue_bind(SOLE.feed, SOLE.events, "#"),
    "empty an inbox": lambda channel: channel.queue_purge(SOLE.inbox("coaching")),
    "read an inbox": lambda channel: channel.basic_get(SOLE.inbox("coaching")),
    "consume an inbox": lambda channel: channel.basic_consume(SOLE.inbox("coaching"), print),
    "read dead letters": lambda channel: channel.basic_get(SOLE.dead_letters("coaching")),
}


def code_of(uri: str, action: Action) -> int:
    """The code with which the broker closes the channel; 0 if it did what was asked."""
    with pika.BlockingConnection(pika.URLParameters(uri)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        try:
            action(channel)
        except ChannelClosedByBroker as closed:
            return int(closed.reply_code)
        return 0


@pytest.mark.parametrize("what", REFUSED)
def test_everything_else_is_refused(broker: Broker, what: str) -> None:
    assert code_of(broker.reader, REFUSED[what]) == ACCESS_REFUSED


def test_the_stream_cannot_be_emptied(broker: Broker) -> None:
    """To empty a queue, RabbitMQ asks only for the right to read it. It empties no stream."""
    with pytest.raises(ConnectionClosedByBroker) as refused:
        code_of(broker.reader, lambda channel: channel.queue_purge(SOLE.feed))
    assert refused.value.reply_code == NOT_IMPLEMENTED
    assert len(list(islice(tail(broker.reader, "first"), 5))) == 5
