"""The connection on which a process sends requests and replies to other services, and receives the replies to its own requests.

How it works
------------
nameko describes a connection for each message, looks it up in a pool and waits for a publisher confirm. None of that is needed here: a
request that is lost is answered Unavailable when its time is over, a lost reply likewise, and the same command sent again gets the same
answer. So a process has one `Sender`: one connection that stays open, messages that are not written to disk, no confirms.

Replies come by *direct reply-to* (https://www.rabbitmq.com/docs/direct-reply-to): the broker hands them to the channel that sent the
request, and no queue holds them. So no queue is lost with a node of a cluster, and none outlives a process that has died. What was asked
on a connection that is lost gets no reply, and its `Listener` hears so at once. The embedded broker has no direct reply-to; there a queue
of the process takes its place.

Requests and replies are JSON, which msgspec reads and writes under the name by which nameko knows it: Python's own encoder took more time
than the decisions that it carried.

A green thread listens on the connection: it receives the replies, the requests that reached no queue (`mandatory`), and the end of the
connection, so that the next message opens another one.
"""

import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import eventlet
import kombu.serialization
import msgspec
from amqp.exceptions import AMQPError
from msgspec import Struct

from shared.address import Address
from shared.bus.topology import is_embedded
from shared.bus.transport.connection import BROKER_FAULTS, Consumer, Queue, connect, connection_to
from shared.runtime.native_threads import green_only

green_only(__name__)

TRANSIENT = 1  # AMQP delivery mode: the broker need not write the message to disk
EMBEDDED_REPLY = "rpc.reply."  # begins the names of the queues that take its place on the embedded broker
DIRECT_REPLY = "amq.rabbitmq.reply-to"  # the name that stands for the channel of the sender

serialization: Any = kombu.serialization  # kombu's annotations are incomplete
serialization.register("json", msgspec.json.encode, msgspec.json.decode, content_type="application/json", content_encoding="utf-8")


class Listener(Struct, frozen=True):
    """Who hears what comes back. Each is called in the green thread that reads the connection, and must not wait."""

    on_reply: Callable[[str, Any], object]
    """The correlation id of a request, and the body of its reply."""
    on_unroutable: Callable[[str], object]
    """The correlation id of a mandatory request that reached no queue."""
    on_lost: Callable[[], object]
    """The connection is gone: nothing that was asked on it is answered any more."""


class Sender:
    """Publishes on one connection, which is opened when it is first needed and again after it was lost.

    Without a `listener` it sends replies, and gets none.
    """

    def __init__(self, uri: Address | str, listener: Listener | None = None) -> None:
        self.uri = Address(uri)
        self.listener = listener
        self.reply_to = f"{EMBEDDED_REPLY}{uuid4()}" if is_embedded(self.uri) else DIRECT_REPLY
        self.connecting = threading.Lock()
        self.writing = threading.Lock()
        self.connection: Any = None
        self.channel: Any = None

    def publish(self, payload: object, *, exchange: Any, routing_key: str, mandatory: bool = False, **properties: Any) -> None:
        """Publish one message; `extra_headers` and AMQP properties go with it.

        Raises:
            BROKER_FAULTS: the broker is away.
        """
        channel = self.open()
        content_type, encoding, body = serialization.dumps(payload, properties.pop("serializer", "json"))
        headers = properties.pop("extra_headers", {})
        message = channel.prepare_message(
            body,
            content_type=content_type,
            content_encoding=encoding,
            headers=headers,
            properties={**properties, "delivery_mode": TRANSIENT},
        )
        try:
            with self.writing:  # the frames of a large message must not mix with those of another
                channel.basic_publish(message, exchange=exchange.name, routing_key=routing_key, mandatory=mandatory)
        except BaseException:  # a timeout as well: half a frame may have been written, and no other frame may follow it
            self.close(channel)
            raise

    def open(self) -> Any:
        with self.connecting:
            if self.channel is None:
                self.connect()
            return self.channel

    def connect(self) -> None:
        connection = connection_to(self.uri)
        connect(connection)
        channel = connection.channel()
        if self.listener:
            self.consume(channel)
        if not is_embedded(self.uri):
            channel.events["basic_return"].add(self.on_return)
        if self.listener or not is_embedded(self.uri):  # the embedded broker loses no connection
            eventlet.spawn(self.listen, connection, channel)
        self.connection, self.channel = connection, channel

    def consume(self, channel: Any) -> None:
        queue = Queue(self.reply_to, exclusive=True, auto_delete=True, durable=False, no_declare=not is_embedded(self.uri))
        Consumer(channel, [queue], callbacks=[self.on_message], no_ack=True, accept=["json"]).consume()

    def listen(self, connection: Any, channel: Any) -> None:
        try:
            while self.channel is channel:  # a closed connection would be opened again by kombu
                connection.drain_events()
        except (EOFError, *BROKER_FAULTS):  # EOFError is what eventlet raises for a socket that was closed in this process
            self.close(channel)

    def stop(self) -> None:
        if self.channel is not None:
            self.close(self.channel)

    def close(self, channel: Any) -> None:
        """Close this channel's connection, if it is still the current one. The next message opens another."""
        if self.channel is channel:
            self.channel = None
            connection, self.connection = self.connection, None
            connection.collect()
            if self.listener:
                self.listener.on_lost()

    def on_message(self, body: Any, message: Any) -> None:
        if self.listener:
            self.listener.on_reply(message.properties.get("correlation_id", ""), body)

    def on_return(self, fault: AMQPError, exchange: str, key: str, message: Any) -> None:
        if self.listener:
            self.listener.on_unroutable(message.properties["correlation_id"])


senders: dict[Address, Sender] = {}


def shared_sender(uri: Address | str) -> Sender:
    """The process's sender of replies for this broker."""
    address = Address(uri)
    return senders.setdefault(address, Sender(address))
