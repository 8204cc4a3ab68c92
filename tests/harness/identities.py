"""Identities as the gateway signs them and services check them, without files."""

from datetime import timedelta
from pathlib import Path

import jwt

from shared.time import Clock, now
from shared.trust.access import Identity
from shared.trust.identity_keys import PublicKeys, SigningKey, new_signing_key, read_signing_key
from shared.trust.tokens import EDDSA, IDENTITY_LIFETIME, IdentitySigner, IdentityVerifier, audience_of, claims, sign

KEY = new_signing_key()


def known(*keys: SigningKey) -> PublicKeys:
    return PublicKeys(keys=tuple(key.public(0) for key in keys))


def signer(clock: Clock = now, key: SigningKey = KEY) -> IdentitySigner:
    return IdentitySigner(lambda: key, clock)


def verifier(service: str, clock: Clock = now, keys: PublicKeys | None = None) -> IdentityVerifier:
    found = keys or known(KEY)
    return IdentityVerifier(service, lambda *, at_once=False: found, clock)


def signed(identity: Identity, service: str, clock: Clock = now, key: SigningKey = KEY, lifetime: timedelta = IDENTITY_LIFETIME) -> str:
    return sign(key, identity, service, clock() + lifetime)


def signed_for(identity: Identity, *services: str) -> str:
    """One identity for several services, which the product never makes."""
    said = claims(identity, "", now() + IDENTITY_LIFETIME) | {"aud": [audience_of(service) for service in services]}
    return jwt.encode(said, KEY.private, EDDSA, headers={"kid": KEY.kid})


def signing_key_of(folder: Path) -> SigningKey:
    """That of an installation of processes."""
    return read_signing_key((folder / "signing_key.pem").read_bytes())
