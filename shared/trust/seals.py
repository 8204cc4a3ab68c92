"""Seals: whoever has the key can tell the texts that it sealed from all others, and nobody else can make one."""

import hmac
from hashlib import sha256

SEAL_LENGTH = 32  # hexadecimal digits


class Seals:
    """`purpose` derives a key of its own, so that a seal for one purpose is worth nothing for another."""

    def __init__(self, key: bytes, purpose: str) -> None:
        self.key = hmac.digest(key, purpose.encode(), sha256)

    def digest(self, text: str) -> str:
        """A number that follows from the text and the key, and from which neither follows."""
        return hmac.digest(self.key, text.encode(), sha256).hex()[:SEAL_LENGTH]

    def sealed(self, text: str) -> str:
        return f"{text}.{self.digest(text)}"

    def genuine(self, sealed: str) -> bool:
        text, _, seal = sealed.rpartition(".")
        return hmac.compare_digest(seal.encode(), self.digest(text).encode())
