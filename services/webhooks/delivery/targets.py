"""Which addresses webhooks may call. What a stranger names must lead nowhere inside: not to this machine, not to its network.

A name is resolved once for each attempt. All of its addresses are checked, and the connection goes to one of them, not to the name: a
second resolution could give another address than the one that was checked. The same check is made when an address is given.
"""

import ipaddress
import re
import socket
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from msgspec import Struct

from services.webhooks.french import TARGET_FAULTS
from shared.field_rules import Circumstances, FieldFault, Rule

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a host for a port; raises OSError when it has none."""

PORTS = {"https": frozenset({443, 8443}), "http": frozenset({80, 8080})}
DEFAULT_PORTS = {"https": 443, "http": 80}
RESOLVE_TIMEOUT_S = 5.0
WRAPPING = tuple(
    map(
        IPv6Network,
        (
            "::/96",  # IPv4-compatible
            "::ffff:0:0/96",  # IPv4-mapped
            "::ffff:0:0:0/96",  # IPv4-translated
            "64:ff9b::/96",  # NAT64
            "64:ff9b:1::/48",  # NAT64 of a network
            "2001::/32",  # Teredo
            "2002::/16",  # 6to4
            "5f00::/16",  # segment routing
            "3fff::/20",  # documentation
            "fec0::/10",  # site-local
        ),
    )
)
"""Networks of IPv6 whose addresses lead to another address, or that are no hosts of the internet, whatever version of Python knows."""
RELAYS = IPv4Network("192.88.99.0/24")  # of 6to4
URL = re.compile(r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(?P<port>[0-9]+))?(?P<rest>.*)", re.DOTALL)


class NotAllowed(Exception):
    """A webhook may not call this now. `code` is a key of `TARGET_FAULTS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Target(Struct, frozen=True):
    """Where a request goes: to one of `addresses`, as `host`. `authority` is the header Host, `path` has the query too."""

    host: str
    port: int
    authority: str
    path: str
    tls: bool
    addresses: tuple[str, ...]


class Targets:
    """`networks` may be called although they are not public, on any port. `http` allows requests without TLS."""

    def __init__(self, networks: Collection[Network] = (), *, http: bool = False, resolve: Resolve | None = None) -> None:
        self.networks = tuple(networks)
        self.http = http
        self.resolve = resolve or resolved

    def target(self, url: str) -> Target:
        """Where a request to `url` goes now.

        Raises:
            NotAllowed: nowhere.
        """
        parts = URL.fullmatch(url)
        if parts is None or (parts["scheme"] == "http" and not self.http):
            raise NotAllowed("scheme_not_allowed")
        scheme, host = parts["scheme"], parts["host"].strip("[]")
        port = int(parts["port"] or DEFAULT_PORTS[scheme])
        authority = parts["host"] if port == DEFAULT_PORTS[scheme] else f"{parts['host']}:{port}"
        addresses = self.addresses(scheme, host, port)
        path = parts["rest"] if parts["rest"].startswith("/") else f"/{parts['rest']}"
        return Target(host, port, authority, path, scheme == "https", addresses)

    def addresses(self, scheme: str, host: str, port: int) -> tuple[str, ...]:
        try:
            found = tuple(dict.fromkeys(self.resolve(host, port)))
            parsed = [ipaddress.ip_address(address) for address in found]
        except (OSError, ValueError, UnicodeError) as fault:
            raise NotAllowed("name_unknown") from fault
        if not parsed:
            raise NotAllowed("name_unknown")
        if not all(self.may_call(address) for address in parsed):
            raise NotAllowed("address_not_allowed")
        if port not in PORTS[scheme] and not all(within(address, self.networks) for address in parsed):
            raise NotAllowed("port_not_allowed")
        return found

    def may_call(self, address: Address) -> bool:
        return within(address, self.networks) or is_public(address)


def within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet, of one host, and itself: it wraps no other address."""
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback:
        return False
    if isinstance(address, IPv4Address):
        return address not in RELAYS
    return not (address.scope_id or within(address, WRAPPING))


def resolved(host: str, port: int, timeout: float = RESOLVE_TIMEOUT_S) -> list[str]:
    """The addresses of a host.

    Resolving takes no timeout, so a thread does it that is left alone when it takes too long.

    Raises:
        OSError: it has none, or they do not come in time.
    """
    found: list[list[str] | OSError | UnicodeError] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
            found.append([str(answer[4][0]) for answer in answers])
        except (OSError, UnicodeError) as fault:
            found.append(fault)

    thread = threading.Thread(target=ask, name="resolving", daemon=True)
    thread.start()
    thread.join(timeout)
    if not found:
        raise TimeoutError(f"no addresses within {timeout:g} s")
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]


def url_rule(targets: Targets) -> Rule:
    """The rule of an address that a command names."""

    def check(value: str, fact: Circumstances) -> Iterator[FieldFault]:
        try:
            targets.target(value)
        except NotAllowed as fault:
            yield "", TARGET_FAULTS[fault.code]

    return check
