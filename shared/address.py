"""Addresses of servers and files. One may hold a password, so no text of it shows more than where it leads."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote

from shared.concealment import HIDDEN, concealed

SHORTEST_SECRET = 4  # characters: a shorter one would be found in ordinary words
SECRET_OPTIONS = ("password", "sslpassword", "passfile", "sslkey", "client_secret")
HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*)(?::[0-9]{1,5})?"
SHOWN = re.compile(rf"(?:(?P<user>[^:@/?#\s]*)(?::[^@/?#\s]*)?@)?(?P<place>{HOST}(?:,{HOST})*(?:/[^@?#\s]*)?)(?:\?[^@#]*)?")
SCHEME = re.compile("[a-z][a-z0-9+.-]*")
FILE = "sqlite://"  # holds no password
BROKERS = ("amqp://", "amqps://")  # of which an address may name several


class Address:
    """`scheme://user:password@host/name?options`; of brokers also several, separated by semicolons. `reveal` gives the whole text."""

    __slots__ = ("_text",)

    def __init__(self, address: "str | Address") -> None:
        self._text: str = address._text if isinstance(address, Address) else address

    def reveal(self) -> str:
        """The address with its password, for the driver that connects with it, and for nothing else."""
        return self._text

    @property
    def scheme(self) -> str:
        return self._text.partition("://")[0]

    @property
    def location(self) -> str:
        """What follows the scheme, with its password."""
        return self._text.partition("://")[2]

    def alternatives(self) -> list["Address"]:
        """The brokers that are tried in turn."""
        return [Address(each) for each in self._text.split(";")] if self._text.startswith(BROKERS) else [self]

    def secrets(self) -> set[str]:
        """What no text may show: the passwords as they are written and as they are meant."""
        return {secret for each in self.alternatives() for secret in secrets_of(each._text) if len(secret) >= SHORTEST_SECRET}

    def conceal(self, text: object) -> str:
        """The text, which may be of a driver, without what must not be shown."""
        return concealed(str(text), self.secrets())

    def __str__(self) -> str:
        return ";".join(shown(each._text) for each in self.alternatives())

    def __repr__(self) -> str:
        return f"Address({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


def shown(text: str) -> str:
    """Scheme, user, hosts and name. Of what is not certainly one of them, nothing."""
    scheme, separator, location = text.partition("://")
    if text.startswith(FILE):
        return text
    found = SHOWN.fullmatch(location)
    if not separator or not found or not SCHEME.fullmatch(scheme):
        return HIDDEN
    user = f"{found['user']}@" if found["user"] else ""
    return f"{scheme}://{user}{found['place']}"


def secrets_of(text: str) -> Iterator[str]:
    location = "" if text.startswith(FILE) else text.partition("://")[2]
    user, at, _ = location.rpartition("@")
    if at and (password := user.partition(":")[2]):
        yield from (password, unquote(password))
    for option, value in parse_qsl(location.partition("?")[2]):
        if option in SECRET_OPTIONS:
            yield value
