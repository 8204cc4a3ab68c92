"""Survey tickets: the holder answers once, without a login and without a name.

A ticket is a random number and a seal over it and its territory. It is not recorded who got which, so an answer cannot be joined to a
person.
"""

import hmac
import secrets
from hashlib import sha256

SEAL_LENGTH = 20  # hexadecimal digits


class Tickets:
    def __init__(self, key: bytes) -> None:
        self.key = hmac.digest(key, b"survey tickets", sha256)  # a derived key, which signs nothing else

    def issue(self, territory: str) -> str:
        nonce = secrets.token_hex(12)
        return f"{nonce}-{self.seal(nonce, territory)}"

    def valid(self, ticket: str, territory: str) -> bool:
        nonce, _, seal = ticket.partition("-")
        return hmac.compare_digest(seal.encode(), self.seal(nonce, territory).encode())

    def seal(self, nonce: str, territory: str) -> str:
        return hmac.digest(self.key, f"{territory} {nonce}".encode(), sha256).hex()[:SEAL_LENGTH]
