"""Addresses of the log, the read models, the gateways' records, the keys of persons and the broker, checked before anything is opened.

A mistake is one sentence at once. No text repeats an address, which may hold a password.
"""

import re
from collections.abc import Mapping

from services.bootstrap.environment import Environment
from services.bootstrap.parts import Needs, Part
from shared.address import Address
from shared.bus.brokers import brokers
from shared.errors import Misconfigured

EMBEDDED = "embedded"
STORES = ("sqlite", "postgresql", "postgres", "kurrentdb", "kurrentdb+discover", "esdb", "esdb+discover")
SCHEMES: Mapping[str, tuple[str, ...]] = {
    "PARCOURS_EVENT_STORE": STORES,
    "PARCOURS_READ_MODELS": ("sqlite", "postgresql", "postgres", "postgresql+psycopg"),
    "PARCOURS_GATEWAY_RECORDS": ("sqlite", "postgresql", "postgres"),
    "PARCOURS_PERSON_KEYS": ("sqlite", "postgresql", "postgres"),
    "PARCOURS_AMQP_URI": (EMBEDDED, "amqp", "amqps"),
}
SCHEME = re.compile("[a-z][a-z0-9+.-]{0,31}")
BLANK = re.compile(r"[\s\0-\x1f\x7f]")
BARE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
SERVERS = re.compile(r"(?:[^/?#]*@)?(?P<hosts>[^/?#@]*)")
HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\[\]:\s]*)(?::(?P<port>[0-9]{1,5}))?")
NEED_A_HOST = frozenset(STORES) - {"sqlite", "postgresql", "postgres"}  # PostgreSQL may name its socket elsewhere in the address


def checked(variable: str, text: str) -> Address:
    """The address in an environment variable.

    Raises:
        Misconfigured: nothing can be opened there.
    """
    for each in text.split(";") if variable == "PARCOURS_AMQP_URI" else [text]:  # brokers, tried in turn
        scheme, separator, location = each.partition("://")
        if not separator or scheme not in SCHEMES[variable]:
            named = f"{scheme}:// is unknown here" if separator and SCHEME.fullmatch(scheme) else "this is no address"
            expected = ", ".join(f"{known}://…" for known in SCHEMES[variable])
            raise Misconfigured(f"{variable}: {named}; one of these is expected: {expected}")
        if scheme == "sqlite":
            check_file(variable, location)
        elif scheme != EMBEDDED:
            check_servers(variable, scheme, location)
    if variable == "PARCOURS_AMQP_URI":
        check_brokers(variable, text)
    return Address(text)


def check_brokers(variable: str, text: str) -> None:
    """What only the whole list tells: the others are known to be well formed."""
    schemes = [each.partition("://")[0] for each in text.split(";")]
    if EMBEDDED not in schemes:
        try:
            brokers(Address(text))
        except Misconfigured as fault:
            raise Misconfigured(f"{variable}: {fault}") from None
    elif len(schemes) > 1:
        raise Misconfigured(f"{variable}: the broker inside the process is no alternative to others.")


def check_given(environment: Environment, needs: Needs, *, embedded: bool) -> None:
    """Processes that talk over RabbitMQ never make a log in a folder of their own: each would have its own truth."""
    if embedded:
        if needs.apart:
            environment.require(Part.BROKER.value, "services in processes of their own talk over RabbitMQ, at amqp://… or amqps://….")
        return
    for part in (Part.LOG, Part.READ_MODELS, Part.PERSON_KEYS):
        if part in needs.parts:
            environment.require(part.value, f"on RabbitMQ no process makes the {part.label} in a folder of its own. Name its address.")


def check_file(variable: str, location: str) -> None:
    if not location.startswith("/") or not location.strip("/") or "\0" in location:
        raise Misconfigured(f"{variable}: a file is expected, sqlite:///relative or sqlite:////absolute.")


def check_servers(variable: str, scheme: str, location: str) -> None:
    if BLANK.search(location):
        raise Misconfigured(f"{variable}: an address holds no space and no end of line.")
    if BARE_PERCENT.search(location):
        raise Misconfigured(f"{variable}: two hexadecimal digits follow a %; the sign itself is written %25.")
    found = SERVERS.match(location)
    hosts = [HOST.fullmatch(host) for host in found["hosts"].split(",")] if found else []
    if not all(host and int(host["port"] or 0) <= 65_535 for host in hosts):
        raise Misconfigured(f"{variable}: a host is a name or an address, with or without a port: host:5432 or [::1]:5432.")
    if scheme in NEED_A_HOST and not any(host and host[0] for host in hosts):
        raise Misconfigured(f"{variable}: the name of a host is missing.")
