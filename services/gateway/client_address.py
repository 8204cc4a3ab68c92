"""Where a request comes from: the address of its client, and whether a proxy stands in between."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from werkzeug.wrappers import Request

Network = IPv4Network | IPv6Network
LOOPBACK_NETWORKS: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
FORWARDING = frozenset(  # headers by which a proxy says that it is one
    {"Via", "Forwarded", "X-Real-Ip", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Forwarded-Server"}
)
THROUGH_TRUSTED = "parcours.through_trusted_proxy"  # in the environment of a request


def is_direct(request: Request) -> bool:
    """Whether no sign of a proxy is to be seen. Only proxies still speak HTTP/1.0: nginx does, unless it is told otherwise."""
    environ = request.environ
    return THROUGH_TRUSTED not in environ and environ.get("SERVER_PROTOCOL") != "HTTP/1.0" and FORWARDING.isdisjoint(request.headers.keys())


def from_networks(request: Request, networks: Iterable[Network]) -> bool:
    """Whether the client of a request is in one of these networks, as far as that is known: not through a proxy that nobody trusts."""
    known = THROUGH_TRUSTED in request.environ or is_direct(request)
    return known and any(in_network(request.remote_addr, network) for network in networks)


def in_network(address: str | None, network: Network) -> bool:
    try:
        return address is not None and ip_address(address) in network
    except ValueError:  # no address of a network: a socket of this machine
        return False
