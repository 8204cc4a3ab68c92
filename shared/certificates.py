"""Which files of certificates are used with a server."""

from msgspec import Struct


class Certificates(Struct, frozen=True):
    """Files: of the authorities that are trusted, by default those of the system, and of a certificate of ours, if a server asks for it."""

    authorities: str = ""
    own: str = ""
    key: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Certificates({self.authorities!r}, {self.own!r}, {self.key!r})"
