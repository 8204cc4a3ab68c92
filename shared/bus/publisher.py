"""Publishing with the broker's confirmation.

How it works
------------
RabbitMQ answers each message of a channel in confirm mode with an ack, once the message is on disk in every queue that it is routed to,
or with a nack. Waiting for each answer before the next message would cost a round trip per message, so:

1. `publish` sends a message without waiting, numbers it as the broker does (1, 2, 3… on a channel), and adds the number to
   `unconfirmed`;
2. `wait_for_confirms` reads the answers until `unconfirmed` is empty. An ack with `multiple` confirms every number up to its own.

`publish_events` does both for a window of events: when it returns, the broker has all of them, and their publisher may move its
checkpoint. If a message is nacked, or a message for a named queue finds none (`basic.return`), or an answer is missing after
CONFIRM_TIMEOUT_S, an exception is raised. The caller then opens another connection and publishes the whole window again, so events may
be published twice but are never lost.

Each message names its user (`user_id`), which RabbitMQ compares with that of the connection. So a reader of a stream knows who published a
message, whoever else may write there.

The embedded broker stores a message during the call of `publish`. Its channels have no confirm mode, and there is nothing to wait for.
"""

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from shared.bus.brokers import Broker
from shared.bus.topology import PERSISTENT, routing_key
from shared.errors import Unavailable
from shared.message import EventMessage, encode

CONFIRM_TIMEOUT_S = 30.0
EVENTS_IN_JSON = "application/cloudevents+json"
MIN_DRAIN_TIMEOUT_S = 0.001  # amqp needs a positive timeout, also when the deadline has passed


class Publisher:
    """Publishes on a channel of its own. After an exception, use another publisher on another connection."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.channel: Any = connection.channel()
        self.last_number = 0
        self.unconfirmed: set[int] = set()
        self.user = user_of(connection)
        self.rejected = False
        self.has_confirms = hasattr(self.channel, "confirm_select")
        if self.has_confirms:
            self.channel.confirm_select()
            self.channel.events["basic_ack"].add(self.on_ack)
            self.channel.events["basic_nack"].add(self.on_nack)
            self.channel.events["basic_return"].add(self.on_return)

    def on_ack(self, number: int, multiple: bool) -> None:
        if multiple:
            self.unconfirmed = {waiting for waiting in self.unconfirmed if waiting > number}
        else:
            self.unconfirmed.discard(number)

    def on_nack(self, number: int, multiple: bool) -> None:
        self.rejected = True

    def on_return(self, fault: Exception, exchange: str, key: str, message: Any) -> None:
        """A message for a named queue, which does not exist."""
        self.rejected = True

    def publish_events(
        self, events: Iterable[EventMessage], *, exchange: str = "", queue: str = "", form: Callable[[EventMessage], bytes] = encode
    ) -> None:
        """Publish events in order, to an exchange or into one queue; returns when the broker has confirmed all of them.

        `form` makes the body of each message: by default that of the log. Each has the id of its event as message id, and as timestamp the
        second in which it was recorded.

        Raises:
            Unavailable: the broker rejected one of them.
            BROKER_FAULTS: the broker is away, or did not confirm in time.
        """
        for event in events:
            self.publish(form(event), exchange, queue or routing_key(event), {}, str(event.id), event.recordedtime)
        self.wait_for_confirms()

    def publish(
        self,
        body: bytes,
        exchange: str,
        key: str,
        headers: dict[str, Any],
        message_id: str,
        recorded: datetime | None = None,
        content_type: str = EVENTS_IN_JSON,
    ) -> None:
        """Send one message without waiting. Exchange "" routes to the queue named `key`, which must exist."""
        properties: dict[str, Any] = {"delivery_mode": PERSISTENT, "message_id": message_id} | (
            {"timestamp": int(recorded.timestamp())} if recorded else {}
        )
        if self.user:
            properties["user_id"] = self.user
        message = self.channel.prepare_message(
            body, content_type=content_type, content_encoding="utf-8", headers=headers, properties=properties
        )
        self.channel.basic_publish(message, exchange=exchange, routing_key=key, mandatory=not exchange)
        if self.has_confirms:
            self.last_number += 1
            self.unconfirmed.add(self.last_number)

    def wait_for_confirms(self) -> None:
        deadline = time.monotonic() + CONFIRM_TIMEOUT_S
        while self.unconfirmed and not self.rejected:
            self.connection.drain_events(timeout=max(MIN_DRAIN_TIMEOUT_S, deadline - time.monotonic()))
        if self.rejected:
            raise Unavailable("The broker rejected a message: its queues are not available.")


def user_of(connection: Any) -> str | None:
    """As whom a connection of kombu is logged in. The embedded broker has no users."""
    broker = getattr(connection.connection, "broker", None)
    return broker.user if isinstance(broker, Broker) else None
