"""The encryption of one value: AES-256-GCM (NIST SP 800-38D) of its JSON, with a random nonce of 96 bits, bound to where it stands.

Bound: whoever moves the bytes to another event, field or person makes them unreadable. The nonce is random, because under one key a person
has some thousand values at most, and a decision that is made again may differ.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import Fault
from shared.trust.personal.marks import Sealed

FORM = b"\x01"  # of the bytes: form, nonce, encrypted JSON with its tag
NONCE_LENGTH = 12
KEY_LENGTH = 32

encode = msgspec.json.Encoder().encode


class Unreadable(Fault):
    """These bytes were not encrypted under this key for this place."""


def new_key() -> bytes:
    return os.urandom(KEY_LENGTH)


def seal_bytes(key: bytes, content: bytes, bound_to: str) -> str:
    nonce = os.urandom(NONCE_LENGTH)
    return urlsafe_b64encode(FORM + nonce + AESGCM(key).encrypt(nonce, content, bound_to.encode())).decode()


def open_bytes(key: bytes, sealed: str, bound_to: str) -> bytes:
    """
    Raises:
        Unreadable: it was not encrypted under this key, or for another place.
    """
    try:
        data = urlsafe_b64decode(sealed)
        if data[:1] != FORM:
            raise Unreadable("it has a form that this version does not know")
        nonce, content = data[1 : 1 + NONCE_LENGTH], data[1 + NONCE_LENGTH :]
        return AESGCM(key).decrypt(nonce, content, bound_to.encode())
    except (ValueError, InvalidTag) as fault:
        raise Unreadable("it was not encrypted under this key for this place") from fault


def seal(key: bytes, value: object, bound_to: str) -> Sealed:
    return Sealed(seal_bytes(key, encode(value), bound_to))


def unseal(key: bytes, sealed: str, bound_to: str) -> Any:
    """The value, as JSON has it.

    Raises:
        Unreadable: as for `open_bytes`.
    """
    return msgspec.json.decode(open_bytes(key, sealed, bound_to))
