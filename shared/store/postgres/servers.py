"""Which PostgreSQL servers are silent, as this process has found: what one connection finds counts for all of them at once.

How it works
------------
A server that is frozen, or beyond a cut cable, closes no connection. Each pool would find that by itself, each connection of it again, and
every wait would have its whole limit.

So whoever has waited for an answer for ASK_AFTER_S, while no other connection of this process got one either, asks the server on a new
connection whether it is there: it answers an SSLRequest with one byte, before it knows who asks, also when all its sessions are busy. If
that byte does not come within ASK_TIMEOUT_S, the server is silent, and so are all connections that were opened before: whoever waits on
one gives up within LOOK_INTERVAL_S, and idle ones are not used any more (`Link.given_up`). A statement that takes long changes nothing:
its server answers the question.

An address may name several servers. They are tried as they are written, but those that were silent come last, until one opens a
connection again. What a server that is asked for writes refuses (a standby does) is an answer.
"""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

C = TypeVar("C", bound=psycopg.Connection[Any])

ASK_AFTER_S = 1.5  # of waiting
ASK_TIMEOUT_S = 2.0  # to connect, and for the answer
LOOK_INTERVAL_S = 0.5  # between two looks of somebody who waits
SSL_REQUEST = struct.pack("!ii", 8, 80877103)  # its length and its code
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
        self.address = reached.hostaddr.decode()
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
        if self.answers():
            self.server.answered()
        else:
            self.server.gave_nothing(asked)

    def answers(self) -> bool:
        """What it answers does not matter, nor that it closes the connection."""
        try:
            with self.dial() as question:
                question.sendall(SSL_REQUEST)
                question.recv(1)
        except OSError:
            return False
        return True

    def dial(self) -> socket.socket:
        host, port = self.place
        if not host.startswith("/"):
            return socket.create_connection((self.address or host, int(port)), ASK_TIMEOUT_S)
        local = socket.socket(socket.AF_UNIX)
        local.settimeout(ASK_TIMEOUT_S)
        try:
            local.connect(f"{host}/.s.PGSQL.{port}")
        except OSError:
            local.close()
            raise
        return local


def connect(conninfo: str, kind: type[C], **options: Any) -> C:
    """A connection to the first server that opens one.

    Raises:
        OperationalError: none does. If there are several, what each of them said.
    """
    faults: list[tuple[Place, psycopg.OperationalError]] = []
    for place, one in in_turn(conninfo):
        began = time.monotonic()
        try:
            connection = kind.connect(one, **options)
        except psycopg.OperationalError as fault:
            if isinstance(fault, psycopg.errors.ConnectionTimeout):
                server_at(place).gave_nothing(began)
            faults.append((place, fault))
        else:
            server_at(place).has_opened()
            return connection
    if len(faults) == 1:
        raise faults[0][1]
    raise psycopg.OperationalError("; ".join(f"{host}:{port}: {fault}".strip() for (host, port), fault in faults))


def in_turn(conninfo: str) -> list[tuple[Place, str]]:
    """The servers of an address, each with an address of its own, in the order in which they are tried."""
    return sorted(alternatives(conninfo), key=lambda each: server_at(each[0]).last_resort)


def alternatives(conninfo: str) -> Iterator[tuple[Place, str]]:
    given = conninfo_to_dict(conninfo)
    several = {name: str(given[name]).split(",") for name in ("host", "hostaddr", "port") if given.get(name)}
    count = max(len(several.get("host", [])), len(several.get("hostaddr", [])), 1)
    for at in range(count):
        one = {name: parts[at] if len(parts) > 1 else parts[0] for name, parts in several.items()}
        place = Place(one.get("host") or one.get("hostaddr", ""), one.get("port") or DEFAULT_PORT)
        yield place, make_conninfo("", **{**given, **one}) if count > 1 else conninfo
