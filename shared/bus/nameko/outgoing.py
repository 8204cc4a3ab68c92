"""Where the requests and replies of a process leave: one connection, kept open, and nobody waits for the broker's word on them.

nameko describes a connection anew for each message, looks it up in a pool and waits for a confirm. What is sent here needs none: a
request that is lost is answered "unavailable" when its time is over, a reply that is lost likewise, and the same command asked again
gets the same answer. So messages are not written to disk either: nobody waits for them after a restart of the broker.

A green thread listens on the connection: it hears that the broker went away, so that the next message finds another connection and
not a dead one, and it hands back a request that found no queue.
"""

import threading
from collections.abc import Callable
from typing import Any

import eventlet
import kombu.serialization
from amqp.exceptions import AMQPError

from shared.bus.transport.connection import BROKER_FAULTS, CONNECT, Connection
from shared.runtime.native_threads import green_only

green_only(__name__)

dumps: Any = kombu.serialization.dumps  # its types are half written
TRANSIENT = 1
Returned = Callable[[str], object]


class Outgoing:
    def __init__(self, uri: str, returned: Returned = lambda correlation_id: None) -> None:
        self.uri = uri
        self.returned = returned
        self.connecting = threading.Lock()
        self.connection: Any = None
        self.channel: Any = None

    def publish(self, payload: object, *, exchange: Any, routing_key: str, mandatory: bool = False, **properties: Any) -> None:
        """Raises what a broker that is away raises. `headers` and the properties of AMQP go with the message."""
        channel = self.open()
        kind, encoding, body = dumps(payload, properties.pop("serializer", "json"))
        headers = properties.pop("extra_headers", {})
        said = {**properties, "delivery_mode": TRANSIENT}
        message = channel.prepare_message(body, content_type=kind, content_encoding=encoding, headers=headers, properties=said)
        try:
            channel.basic_publish(message, exchange=exchange.name, routing_key=routing_key, mandatory=mandatory)
        except BaseException:  # also a wait that is cut short: half a frame may have left, and none may follow it
            self.close(channel)
            raise

    def open(self) -> Any:
        with self.connecting:
            if self.channel is None:
                self.connect()
            return self.channel

    def connect(self) -> None:
        connection = Connection(self.uri, connect_timeout=CONNECT, heartbeat=0, transport_options={"confirm_publish": False})
        connection.connect()
        channel = connection.channel()
        if hasattr(channel, "events"):
            channel.events["basic_return"].add(self.on_return)
            eventlet.spawn(self.listen, connection, channel)
        self.connection, self.channel = connection, channel

    def listen(self, connection: Any, channel: Any) -> None:
        try:
            while self.channel is channel:  # kombu would open anew, for nobody, what was closed
                connection.drain_events()
        except (EOFError, *BROKER_FAULTS):  # eventlet's word for a socket that was closed here
            self.close(channel)

    def stop(self) -> None:
        if self.channel is not None:
            self.close(self.channel)

    def close(self, channel: Any) -> None:
        """The next message makes a new connection."""
        if self.channel is channel:
            self.channel = None
            connection, self.connection = self.connection, None
            connection.collect()

    def on_return(self, fault: AMQPError, exchange: str, key: str, message: Any) -> None:
        self.returned(message.properties["correlation_id"])


senders: dict[str, Outgoing] = {}


def outgoing(uri: str) -> Outgoing:
    """The one of this process."""
    return senders.setdefault(uri, Outgoing(uri))
