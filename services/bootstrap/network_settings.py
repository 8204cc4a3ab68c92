"""Settings that name networks, origins and proxies. Each is checked at the start, and every bad part of it is named at once."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from shared.errors import Misconfigured

Network = IPv4Network | IPv6Network

HOST = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*|\[[0-9a-f:]+\])"
ORIGIN = re.compile(rf"(?P<scheme>https?)://{HOST}(?::(?P<port>[1-9][0-9]{{0,4}}))?")
DEFAULT_PORTS = {"http": 80, "https": 443}  # browsers leave them out of an origin
SWITCH = {"1": True, "0": False, "": False}
PROXY_HEADERS = ("x-forwarded", "forwarded")
MAX_PORT = 65_535
LISTEN = re.compile(r"(?P<host>[0-9.]{7,15}|\[[0-9a-f:.]{2,45}\]):(?P<port>[1-9][0-9]{0,4})")
RATE = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,6})")


def parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def networks(variable: str, text: str) -> tuple[Network, ...]:
    """The networks that a variable lists, separated by commas.

    Raises:
        Misconfigured: with every part that is no network.
    """
    found: list[Network] = []
    faults: list[str] = []
    for part in parts(text):
        try:
            found.append(ip_network(part))
        except ValueError as fault:
            faults.append(str(fault))
    if faults:
        raise Misconfigured(f"{variable}: networks are expected, such as 10.0.0.0/8,::1/128: {'; '.join(faults)}")
    return tuple(found)


def listen_address(variable: str, text: str) -> tuple[str, int] | None:
    """The address and the port to listen on; None if the variable is empty.

    Raises:
        Misconfigured: it is something else.
    """
    if not text:
        return None
    found = LISTEN.fullmatch(text)
    try:
        host, port = (str(ip_address(found["host"].strip("[]"))), int(found["port"])) if found else ("", 0)
    except ValueError:
        host, port = "", 0
    if not 0 < port <= MAX_PORT:
        raise Misconfigured(f"{variable}: an address of this machine and a port are expected, such as 127.0.0.1:9464 or [::]:9464.")
    return host, port


def origins(text: str) -> frozenset[str]:
    """The origins of PARCOURS_ORIGINS, as browsers write them: each is compared as it is.

    Raises:
        Misconfigured: with every part that no browser would send.
    """
    listed = parts(text)
    if faults := [part for part in listed if not is_origin(part)]:
        expected = "exact origins are expected, such as https://app.example or http://localhost:5173, in lower case, without a path"
        raise Misconfigured(f"PARCOURS_ORIGINS: {expected}, a wildcard or a default port: {'; '.join(map(repr, faults))}")
    return frozenset(listed)


def is_origin(text: str) -> bool:
    found = ORIGIN.fullmatch(text)
    return found is not None and int(found["port"] or 1) <= MAX_PORT and int(found["port"] or 0) != DEFAULT_PORTS[found["scheme"]]


def proxy_headers(text: str) -> str:
    """Which headers the proxies write: `x-forwarded` (X-Forwarded-For, -Proto, -Host) or `forwarded` (RFC 7239).

    Raises:
        Misconfigured: it is neither.
    """
    if text not in PROXY_HEADERS:
        raise Misconfigured(f"PARCOURS_PROXY_HEADERS: one of these is expected: {', '.join(PROXY_HEADERS)}")
    return text


def switch(variable: str, text: str) -> bool:
    """Whether a variable says yes.

    Raises:
        Misconfigured: it says neither yes nor no.
    """
    if text not in SWITCH:
        raise Misconfigured(f"{variable}: 1 or 0 is expected.")
    return SWITCH[text]


def rate_limit(text: str) -> tuple[int, int] | None:
    """Requests of one client per second, and at once; None for no limit.

    Raises:
        Misconfigured: it is neither.
    """
    if text == "off":
        return None
    if not (found := RATE.fullmatch(text)) or int(found[2]) < int(found[1]):
        raise Misconfigured("PARCOURS_RATE_LIMIT: requests per second and at once are expected, such as 200/2000, or off.")
    return int(found[1]), int(found[2])
