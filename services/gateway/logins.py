"""Digests of logins: what leads to an account is recorded without an address or a name (ADR 75).

A digest follows from the login and a key of the installation: without that key nobody tells whose it is, or tries addresses against it.
"""

import hmac
import unicodedata
from hashlib import sha256

from services.vocabulary.accounts import PURPOSE
from shared.trust.seals import key_for


class Logins:
    """`key` is the secret key of the installation."""

    def __init__(self, key: bytes) -> None:
        self.key = key_for(PURPOSE, key)

    def of_subject(self, issuer: str, subject: str) -> str:
        """The digest of a subject at an issuer. The length stands before them, so that no other two make the same text."""
        return f"subject:{self.digest(f'{len(issuer)} {issuer} {subject}')}"

    def of_email(self, address: str) -> str:
        """The digest of an e-mail address, however its letters are written."""
        return f"email:{self.digest(unicodedata.normalize('NFKC', address).strip().casefold())}"

    def digest(self, text: str) -> str:
        return hmac.digest(self.key, text.encode(), sha256).hex()
