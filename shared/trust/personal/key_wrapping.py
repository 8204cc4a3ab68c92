"""Keys of persons, encrypted under the key-encryption key: this is how they are stored."""

from typing import Protocol

from shared.trust.personal.cipher import open_bytes, seal_bytes
from shared.trust.seals import key_for

PURPOSE = "keys of persons"


class Wrapper(Protocol):
    """The key-encryption key, or a server that holds it."""

    def wrap(self, key: bytes, person: str) -> str: ...
    def unwrap(self, wrapped: str, person: str) -> bytes:
        """
        Raises:
            Unreadable: it was wrapped by another key, or for another person.
        """


class FileWrapper:
    """A key-encryption key that this process holds."""

    def __init__(self, key: bytes) -> None:
        self.key = key

    def wrap(self, key: bytes, person: str) -> str:
        return seal_bytes(self.key, key, person)

    def unwrap(self, wrapped: str, person: str) -> bytes:
        return open_bytes(self.key, wrapped, person)


def file_wrapper(encryption_key: bytes) -> FileWrapper:
    """What wraps the keys of persons with the key in a file."""
    return FileWrapper(key_for(PURPOSE, encryption_key))
