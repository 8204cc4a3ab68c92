"""Publishing with the broker's word for it: a window of messages leaves at once, and all of it is confirmed before anything else."""

import time
from collections.abc import Iterable
from typing import Any

from shared.bus.topology import EVENTS, PERSISTENT, routing_key
from shared.errors import Unavailable
from shared.message import EventMessage, encode

CONFIRMED_WITHIN = 30.0  # seconds


class Publisher:
    """A channel of its own. The embedded broker takes a message in the call itself: nothing is left to confirm."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.channel: Any = connection.channel()
        self.published = 0
        self.unconfirmed: set[int] = set()
        self.refused = False
        self.confirms = hasattr(self.channel, "confirm_select")
        if self.confirms:
            self.channel.confirm_select()
            self.channel.events["basic_ack"].add(self.on_ack)
            self.channel.events["basic_nack"].add(self.on_nack)
            self.channel.events["basic_return"].add(self.on_return)

    def on_ack(self, tag: int, multiple: bool) -> None:
        if multiple:
            self.unconfirmed = {waiting for waiting in self.unconfirmed if waiting > tag}
        else:
            self.unconfirmed.discard(tag)

    def on_nack(self, tag: int, multiple: bool) -> None:
        self.refused = True

    def on_return(self, fault: Exception, exchange: str, key: str, message: Any) -> None:
        """A message for one queue that is not there."""
        self.refused = True

    def events(self, events: Iterable[EventMessage], queue: str | None = None) -> None:
        """Publish events in order, to everybody or into one queue; returns when the broker has all of them."""
        for event in events:
            exchange, key = (EVENTS, routing_key(event)) if queue is None else ("", queue)
            self.send(encode(event), exchange, key, {}, str(event.id))
        self.confirm()

    def send(self, body: bytes, exchange: str, key: str, headers: dict[str, Any], message_id: str) -> None:
        properties = {"delivery_mode": PERSISTENT, "message_id": message_id}
        message = self.channel.prepare_message(
            body, content_type="application/cloudevents+json", content_encoding="utf-8", headers=headers, properties=properties
        )
        self.channel.basic_publish(message, exchange=exchange, routing_key=key, mandatory=not exchange)
        if self.confirms:
            self.published += 1
            self.unconfirmed.add(self.published)

    def confirm(self) -> None:
        deadline = time.monotonic() + CONFIRMED_WITHIN
        while self.unconfirmed and not self.refused:
            self.connection.drain_events(timeout=max(0.001, deadline - time.monotonic()))
        if self.refused:
            raise Unavailable("The broker refused a message: its queues are not available.")
