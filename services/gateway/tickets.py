"""Survey tickets: whoever holds one answers once, without a login and without a name.

A ticket is random and says only its territory's seal. Nobody keeps whom it was given to, so an answer cannot be joined to a person.
"""

import hmac
import secrets
from hashlib import sha256

SEAL = 20  # characters


class Tickets:
    def __init__(self, key: bytes) -> None:
        self.key = hmac.digest(key, b"survey tickets", sha256)  # a key of its own, that signs nothing else

    def issue(self, territory: str) -> str:
        nonce = secrets.token_hex(12)
        return f"{nonce}-{self.seal(nonce, territory)}"

    def valid(self, ticket: str, territory: str) -> bool:
        nonce, _, seal = ticket.partition("-")
        return hmac.compare_digest(seal.encode(), self.seal(nonce, territory).encode())

    def seal(self, nonce: str, territory: str) -> str:
        return hmac.digest(self.key, f"{territory} {nonce}".encode(), sha256).hex()[:SEAL]
