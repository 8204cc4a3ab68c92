"""The one place that decides how RabbitMQ is reached: at which addresses, in which order, with which limits, heartbeats and TLS.

How it works
------------
An address names one broker, or several separated by `;`. All have TLS (`amqps://`) or none has. Whoever opens a connection, with kombu
(`transport/amqp.py`) or with pika (`blocking.py`), gives `first_that_opens` a function that opens one to a single broker. The brokers are
tried in turn until one opens; each has OPENING_TIMEOUT_S to accept the connection, to agree on TLS and to open that of AMQP.

The broker that failed last in this process is tried last, so only one connection waits for a node that takes everything and answers
nothing, and the others begin with one that works.

The options of `amqps://` are those of RabbitMQ (https://www.rabbitmq.com/docs/uri-query-parameters): `cacertfile` (by default the
authorities of the system), `certfile`, `keyfile` and `password` (of the key) for a certificate of ours, `server_name_indication` when the
certificate is for another name than the host of the address. `verify` is `verify_peer`, always. There are no others.

This module waits for nothing, so green threads and native ones share it.
"""

import time
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from shared.address import Address
from shared.certificates import Certificates
from shared.errors import Misconfigured

T = TypeVar("T")

OPENING_TIMEOUT_S = 3.0  # for one broker
HEARTBEAT_S = 3  # where a thread of its own sends them; RabbitMQ takes less than 5 s for likely to be wrong about a busy client
SILENCE_S = 2.0 * HEARTBEAT_S  # after which a connection is dead, here and for the broker
BLOCKING_HEARTBEAT_S = 60  # where nobody sends them while an event is handled
BLOCKED_TIMEOUT_S = 10.0  # for a broker that has no memory or disk left for messages

PORTS = {"amqp": 5672, "amqps": 5671}
TLS = "amqps"
OPTIONS = ("cacertfile", "certfile", "keyfile", "password", "server_name_indication", "verify")
OPTIONS_OF_OTHERS = ("heartbeat", "connection_timeout", "socket_timeout", "channel_max", "frame_max", "auth_mechanism", "ssl_options")

failures: dict[tuple[str, int], float] = {}  # when brokers failed last, by host and port


class NoBroker(ConnectionError):
    """None of several brokers opens a connection."""


class Broker:
    """One of an address. Its texts show no password."""

    def __init__(self, address: Address) -> None:
        place = urlsplit(address.reveal())
        self.address = address
        self.host = place.hostname or ""
        self.port = place.port or PORTS[address.scheme]
        self.user = unquote(place.username or "guest")
        self.password = unquote(place.password or "") if place.username else "guest"
        self.virtual_host = unquote(place.path[1:]) or "/"
        options = options_of(place.query, tls=address.scheme == TLS)
        self.name = options.pop("server_name_indication", self.host)  # in its certificate
        files = (options.get(name, "") for name in ("cacertfile", "certfile", "keyfile", "password"))
        self.certificates = Certificates(*files) if address.scheme == TLS else None

    def __repr__(self) -> str:
        return f"Broker({str(self.address)!r})"

    @property
    def place(self) -> tuple[str, int]:
        return self.host, self.port

    def failed(self) -> None:
        """It does not open a connection, or has fallen silent: others are tried first."""
        failures[self.place] = time.monotonic()


def options_of(query: str, *, tls: bool) -> dict[str, str]:
    """Raises Misconfigured for an option that means nothing. One that nobody knows is not repeated: it may be half a password."""
    given = parse_qsl(query, keep_blank_values=True)
    options = dict(given)
    for name, value in given:
        if name not in OPTIONS:
            shown = f"; {name} is none of them" if name in OPTIONS_OF_OTHERS else ""
            raise Misconfigured(f"the options of an address are {', '.join(OPTIONS)}{shown}. Limits and heartbeats are not set here.")
        if not tls:
            raise Misconfigured(f"the option {name} belongs to TLS: amqps://….")
        if not value:
            raise Misconfigured(f"the option {name} is empty.")
    if len(options) < len(given):
        raise Misconfigured("an option is given twice.")
    if options.pop("verify", "verify_peer") != "verify_peer":
        raise Misconfigured("verify=verify_peer is the only choice: a certificate is always verified. cacertfile names the authority.")
    if "keyfile" in options and "certfile" not in options:
        raise Misconfigured("keyfile is the key of a certificate: certfile is missing.")
    return options


def brokers(address: Address) -> list[Broker]:
    """In the order in which they are written.

    Raises:
        Misconfigured: an option means nothing, or some have TLS and others do not.
    """
    each = [Broker(one) for one in address.alternatives()]
    if len({broker.certificates is None for broker in each}) > 1:
        raise Misconfigured("some of these brokers have TLS (amqps://) and others do not (amqp://): all have it, or none.")
    return each


def in_turn(address: Address) -> list[Broker]:
    """In the order in which they are tried."""
    return sorted(brokers(address), key=lambda broker: failures.get(broker.place, 0.0))


def first_that_opens(address: Address, open: Callable[[Broker], T], faults: tuple[type[Exception], ...]) -> T:
    """What `open` gives for the first broker that does not fail with one of `faults`.

    Raises:
        NoBroker: all of several fail. If there is only one, its fault.
    """
    said: list[str] = []
    for broker in (each := in_turn(address)):
        try:
            return open(broker)
        except faults as fault:
            broker.failed()
            if len(each) == 1:
                raise
            said.append(f"{broker.host}:{broker.port}: {address.conceal(reason(fault))}")
    raise NoBroker("; ".join(said))


def reason(fault: BaseException) -> str:
    inner = innermost(fault)
    return str(inner) or type(inner).__name__


def innermost(fault: BaseException) -> BaseException:
    """What the operating system or OpenSSL said, of all that pika wraps around it."""
    while not isinstance(fault, OSError) and fault.args and isinstance(fault.args[0], BaseException):
        fault = fault.args[0]
    inner: BaseException = getattr(fault, "exception", fault)
    return inner
