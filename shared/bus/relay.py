"""The relay carries the log to the broker, in order.

It publishes a window, waits until the broker has confirmed all of it, and only then saves its position. Whatever dies in between,
nothing is lost: at worst a window leaves twice, and every inbox knows an event that it has seen.
"""

import logging
import threading
from typing import Any

from shared.bus.backoff import Backoff
from shared.bus.connection import BROKER_FAULTS, connected, drained
from shared.bus.native import green_only, native, native_context
from shared.bus.publisher import Publisher
from shared.bus.topology import declare_exchange, declare_feed, is_embedded
from shared.errors import Unavailable
from shared.message import Position
from shared.store.port import Checkpoints, EventStore

green_only(__name__)
log = logging.getLogger(__name__)

WINDOW = 1_000  # events confirmed together
PAUSE = 1.0  # seconds: how often the end of the log, the lease and the broker are looked at when nothing happens
LISTEN = 0.001  # seconds for the broker to say that it goes away


class Relay:
    """One is active, the others stand by. It heals by itself when the broker or the database comes back."""

    def __init__(self, store: EventStore, checkpoints: Checkpoints, uri: str, *, name: str = "relay", window: int = WINDOW) -> None:
        self.store = store
        self.checkpoints = checkpoints
        self.uri = uri
        self.name = name
        self.window = window
        self.stopping = threading.Event()
        self.active = False
        self.backoff = Backoff()

    def run(self) -> None:
        """Relay until `stop` is called."""
        while not self.stopping.is_set():
            try:
                self.turn()
            except (Unavailable, *BROKER_FAULTS) as fault:
                log.warning("the relay waits for its servers: %s", fault or type(fault).__name__)
                self.stopping.wait(self.backoff.again())

    def stop(self) -> None:
        self.stopping.set()

    def turn(self) -> None:
        with native_context(self.checkpoints.lease(self.name, PAUSE)) as held:
            self.active = held
            try:
                if held:
                    self.relay()
            finally:
                self.active = False

    def relay(self) -> None:
        with connected(self.uri) as connection:
            publisher = Publisher(connection)
            (declare_exchange if is_embedded(self.uri) else declare_feed)(publisher.channel)
            position = native(self.checkpoints.load, self.name)
            while not self.stopping.is_set():
                position = self.step(connection, publisher, position)
                self.backoff.reset()

    def step(self, connection: Any, publisher: Publisher, position: Position) -> Position:
        page = native(self.store.read_all, position, self.window)
        if not page:
            native(self.store.wait, position, PAUSE)
            if publisher.confirms:
                drained(connection, LISTEN)
            return position
        publisher.events(page)
        native(self.checkpoints.save, self.name, page[-1].position)
        return page[-1].position
