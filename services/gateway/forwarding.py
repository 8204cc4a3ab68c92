"""What trusted proxies say of their clients: address, scheme and host, in place of those of the connection.

A header is a text that anybody can send. It counts only when the connection comes from a proxy that the settings name, and then only the
kind of headers that these proxies write: the other kind passes through a proxy as its client sent it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address

from msgspec import Struct
from werkzeug.wrappers import Request

from services.gateway.client_address import THROUGH_TRUSTED, Network, in_network

SCHEMES = frozenset({"http", "https"})
ELEMENT = re.compile(r'(?:[^",]|"[^"]*")+')  # of Forwarded (RFC 7239): what one proxy says
PAIR = re.compile(r'([A-Za-z]+)=(?:"([^"]*)"|([^;,\s"]*))')
NODE = re.compile(r"\[([^\]]*)\](?::\S*)?|([^:]*)(?::\S*)?")  # an address, with or without a port


class Hop(Struct, frozen=True):
    """What one proxy says of the request that it was sent. Nothing is what it does not say."""

    address: str = ""
    scheme: str = ""
    host: str = ""


class Proxies:
    """`trusted` are the networks of the proxies in front, `headers` the kind that they write: `x-forwarded` or `forwarded`."""

    def __init__(self, trusted: Sequence[Network], headers: str) -> None:
        self.trusted = trusted
        self.hops = of_forwarded if headers == "forwarded" else of_x_forwarded

    def seen_through(self, request: Request) -> Request:
        """The request as its client made it: its address, scheme and host, of which the proxies tell.

        The environment is changed in place: the server reads it again when it sends the response.
        """
        environ = request.environ
        if THROUGH_TRUSTED in environ or not self.trusts(request.remote_addr):
            return request
        hop = self.outermost(self.hops(request))
        environ |= {THROUGH_TRUSTED: True, "REMOTE_ADDR": hop.address}
        if hop.scheme in SCHEMES:
            environ["wsgi.url_scheme"] = hop.scheme
        if hop.host:
            environ["HTTP_HOST"] = hop.host
        return Request(environ)

    def trusts(self, address: str | None) -> bool:
        return any(in_network(address, network) for network in self.trusted)

    def outermost(self, hops: Iterable[Hop]) -> Hop:
        """What the first of our proxies was sent: hops that precede one that is not ours are what a stranger wrote.

        An address that is not said is that of nobody: a proxy that does not say for whom it asks does not ask for itself.
        """
        found = Hop()
        for hop in hops:
            found = Hop(hop.address, hop.scheme or found.scheme, hop.host or found.host)
            if not self.trusts(hop.address):
                break
        return found


def of_x_forwarded(request: Request) -> Iterator[Hop]:
    """The nearest proxy first. Scheme and host are those that the nearest one says: there is one of each."""
    addresses = listed(request, "X-Forwarded-For") or [""]
    scheme, host = (last(listed(request, name)) for name in ("X-Forwarded-Proto", "X-Forwarded-Host"))
    for address in reversed(addresses):
        yield Hop(address_of(address), scheme.lower(), host)


def of_forwarded(request: Request) -> Iterator[Hop]:
    for element in reversed(ELEMENT.findall(request.headers.get("Forwarded", "")) or [""]):
        said = {name.lower(): quoted or plain for name, quoted, plain in PAIR.findall(element)}
        yield Hop(address_of(said.get("for", "")), said.get("proto", "").lower(), said.get("host", ""))


def listed(request: Request, name: str) -> list[str]:
    return [part.strip() for part in request.headers.get(name, "").split(",") if part.strip()]


def last(texts: Sequence[str]) -> str:
    return texts[-1] if texts else ""


def address_of(node: str) -> str:
    """The address of a node, without its port; nothing for a name, which anybody may choose."""
    found = NODE.fullmatch(node)
    text = node if node.count(":") > 1 and not node.startswith("[") else (found[1] or found[2] or "") if found else ""
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
