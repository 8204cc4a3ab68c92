"""Addresses of the log, the read models and the broker, checked before anything is opened: a mistake is one sentence at once.

No text repeats an address, which may hold a password.
"""

import re
from collections.abc import Mapping

from shared.errors import Misconfigured

EMBEDDED = "embedded"
STORES = ("sqlite", "postgresql", "postgres", "kurrentdb", "kurrentdb+discover", "esdb", "esdb+discover")
SCHEMES: Mapping[str, tuple[str, ...]] = {
    "PARCOURS_EVENT_STORE": STORES,
    "PARCOURS_READ_MODELS": ("sqlite", "postgresql", "postgres", "postgresql+psycopg"),
    "PARCOURS_AMQP_URI": (EMBEDDED, "amqp", "amqps"),
}
SCHEME = re.compile("[a-z][a-z0-9+.-]{0,31}")
SERVERS = re.compile(r"(?:[^/?#]*@)?(?P<hosts>[^/?#@]*)")
HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\[\]:\s]*)(?::(?P<port>[0-9]{1,5}))?")
NEED_A_HOST = frozenset(STORES) - {"sqlite", "postgresql", "postgres"}  # PostgreSQL may name its socket elsewhere in the address


def checked(variable: str, address: str) -> str:
    """The address in an environment variable.

    Raises:
        Misconfigured: nothing can be opened there.
    """
    for each in address.split(";") if variable == "PARCOURS_AMQP_URI" else [address]:  # brokers, tried in turn
        scheme, separator, location = each.partition("://")
        if not separator or scheme not in SCHEMES[variable]:
            named = f"{scheme}:// is unknown here" if separator and SCHEME.fullmatch(scheme) else "this is no address"
            expected = ", ".join(f"{known}://…" for known in SCHEMES[variable])
            raise Misconfigured(f"{variable}: {named}; one of these is expected: {expected}")
        if scheme == "sqlite":
            check_file(variable, location)
        elif scheme != EMBEDDED:
            check_servers(variable, scheme, location)
    return address


def check_file(variable: str, location: str) -> None:
    if not location.startswith("/") or not location.strip("/") or "\0" in location:
        raise Misconfigured(f"{variable}: a file is expected, sqlite:///relative or sqlite:////absolute.")


def check_servers(variable: str, scheme: str, location: str) -> None:
    found = SERVERS.match(location)
    hosts = [HOST.fullmatch(host) for host in found["hosts"].split(",")] if found else []
    if not all(host and int(host["port"] or 0) <= 65_535 for host in hosts):
        raise Misconfigured(f"{variable}: a host is a name or an address, with or without a port: host:5432 or [::1]:5432.")
    if scheme in NEED_A_HOST and not any(host and host[0] for host in hosts):
        raise Misconfigured(f"{variable}: the name of a host is missing.")
