"""Which PostgreSQL servers are silent, as this process has found: what one connection finds counts for all of them at once.

How it works
------------
A server that is frozen, or beyond a cut cable, closes no connection. Each pool would find that by itself, each connection of it again, and
every wait would have its whole limit.

So whoever has waited for an answer for ASK_AFTER_S, while no other connection of this process got one either, asks the server on a new
connection whether it is there (presence.py). If it does not answer, it is silent, and so are all connections that were opened before:
whoever waits on one gives up within LOOK_INTERVAL_S, and idle ones are not used any more (`Link.given_up`). A statement that takes long
changes nothing: its server answers the question.
"""

import threading
import time
from typing import NamedTuple, Protocol

from shared.store.postgres import presence

ASK_AFTER_S = 1.5  # of waiting
LOOK_INTERVAL_S = 0.5  # between two looks of somebody who waits
NEVER = float("-inf")
DEFAULT_PORT = "5432"


class Place(NamedTuple):
    host: str
    """Its name or address, or the folder of its socket."""
    port: str


class Reached(Protocol):
    """What libpq says of a connection that is open."""

    @property
    def host(self) -> bytes: ...
    @property
    def hostaddr(self) -> bytes: ...
    @property
    def port(self) -> bytes: ...


class Server:
    """`heard`, `opened` and `silent` are when it last answered, opened a connection, and was found to be silent."""

    def __init__(self) -> None:
        self.heard = self.opened = self.silent = NEVER
        self.asking = threading.Lock()

    def answered(self) -> None:
        self.heard = time.monotonic()

    def has_opened(self) -> None:
        self.heard = self.opened = time.monotonic()

    def gave_nothing(self, since: float) -> None:
        """Whoever waited since then got no answer. If nobody else did, it is silent."""
        if self.heard < since:
            self.silent = time.monotonic()

    @property
    def last_resort(self) -> float:
        """The larger, the later it is tried."""
        return self.silent if self.silent > self.opened else NEVER


known: dict[Place, Server] = {}


def server_at(place: Place) -> Server:
    return known.setdefault(place, Server())


class Link:
    """The server of one connection, which has just been opened."""

    def __init__(self, reached: Reached) -> None:
        self.place = Place(reached.host.decode(), reached.port.decode() or DEFAULT_PORT)
        self.address = reached.hostaddr.decode() or self.place.host
        self.server = server_at(self.place)
        self.opened = time.monotonic()

    @property
    def given_up(self) -> bool:
        """Whether the server has been silent since the connection was opened: nothing may be waited for."""
        return self.server.silent >= self.opened

    def look(self, since: float) -> bool:
        """For somebody who waits for an answer since then: whether to give up. The server may be asked, by one at a time."""
        server = self.server
        if time.monotonic() - max(since, server.heard) >= ASK_AFTER_S and server.asking.acquire(blocking=False):
            try:
                if not self.given_up:
                    self.ask()
            finally:
                server.asking.release()
        return self.given_up

    def ask(self) -> None:
        asked = time.monotonic()
        if presence.answers(self.address, int(self.place.port)):
            self.server.answered()
        else:
            self.server.gave_nothing(asked)
