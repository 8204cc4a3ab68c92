"""The keys of identities: Ed25519 (RFC 8037). The private one signs; the public ones are a JWK set (RFC 7517), which any process may read.

A key is named by its thumbprint (RFC 7638): its name follows from it, and nobody can give it to another.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from hashlib import sha256
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from msgspec import Struct

PUBLIC_LENGTH = 32  # bytes


class PublicKey(Struct, frozen=True, kw_only=True, omit_defaults=False):
    """A JWK. `iat` is when it was made, in seconds since 1970."""

    kty: Literal["OKP"] = "OKP"
    crv: Literal["Ed25519"] = "Ed25519"
    alg: Literal["EdDSA"] = "EdDSA"
    use: Literal["sig"] = "sig"
    x: str
    kid: str
    iat: int = 0


class PublicKeys(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A JWK set: whose signatures count.

    Until `previous_until` (seconds since 1970) identities of the release before count too, which the installation's secret key signed
    (ADR 71).
    """

    keys: tuple[PublicKey, ...]
    previous_until: int | None = None


class SigningKey:
    def __init__(self, private: Ed25519PrivateKey) -> None:
        self.private = private
        self.x = private.public_key().public_bytes_raw()

    @property
    def kid(self) -> str:
        return thumbprint(self.x)

    def public(self, made_at: int) -> PublicKey:
        return PublicKey(x=text_of(self.x), kid=self.kid, iat=made_at)

    def pem(self) -> bytes:
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def new_signing_key() -> SigningKey:
    return SigningKey(Ed25519PrivateKey.generate())


def read_signing_key(pem: bytes) -> SigningKey:
    """
    Raises:
        ValueError: it is no private Ed25519 key in PEM.
    """
    try:
        private = load_pem_private_key(pem, None)
    except (ValueError, TypeError) as fault:  # TypeError: a password is needed
        raise ValueError("a private Ed25519 key in PEM, without a password, is expected") from fault
    if not isinstance(private, Ed25519PrivateKey):
        raise ValueError("a private Ed25519 key in PEM is expected")
    return SigningKey(private)


def write_public_keys(keys: PublicKeys) -> bytes:
    return msgspec.json.format(msgspec.json.encode(keys)) + b"\n"


def read_public_keys(text: bytes) -> PublicKeys:
    """
    Raises:
        ValueError: it is no set of Ed25519 keys, or a name is not that of its key.
    """
    keys = msgspec.json.decode(text, type=PublicKeys)  # its ValidationError is a ValueError
    for key in keys.keys:
        if thumbprint(bytes_of(key)) != key.kid:
            raise ValueError(f"{key.kid} is not the thumbprint of its key")
    return keys


def usable(keys: Iterable[PublicKey]) -> dict[str, Ed25519PublicKey]:
    """The keys by their names."""
    return {key.kid: Ed25519PublicKey.from_public_bytes(bytes_of(key)) for key in keys}


def thumbprint(x: bytes) -> str:
    """That of RFC 7638: the SHA-256 of the members that the key needs, in their order."""
    members = b'{"crv":"Ed25519","kty":"OKP","x":"%b"}' % text_of(x).encode()
    return text_of(sha256(members).digest())


def text_of(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def bytes_of(key: PublicKey) -> bytes:
    raw = urlsafe_b64decode(f"{key.x}==")
    if len(raw) != PUBLIC_LENGTH:
        raise ValueError(f"a public key has {PUBLIC_LENGTH} bytes, and {key.kid} has {len(raw)}")
    return raw
