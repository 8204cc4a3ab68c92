"""Seals: whoever has the key can tell the texts that it sealed from all others, and nobody else can make one."""

import hmac
from hashlib import sha256

SEAL_LENGTH = 32  # hexadecimal digits


def key_for(purpose: str, key: bytes) -> bytes:
    """The key of one purpose. It follows from the secret key of the installation, and neither that nor another purpose's from it."""
    return hmac.digest(key, purpose.encode(), sha256)


class Seals:
    """`key` is that of one purpose, so that a seal for it is worth nothing for another."""

    def __init__(self, key: bytes) -> None:
        self.key = key

    def digest(self, text: str) -> str:
        """A number that follows from the text and the key, and from which neither follows."""
        return hmac.digest(self.key, text.encode(), sha256).hex()[:SEAL_LENGTH]

    def sealed(self, text: str) -> str:
        return f"{text}.{self.digest(text)}"

    def genuine(self, sealed: str) -> bool:
        text, _, seal = sealed.rpartition(".")
        return hmac.compare_digest(seal.encode(), self.digest(text).encode())
