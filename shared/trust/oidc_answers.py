"""What an issuer of identities answers: what it says of itself, its keys, and tokens for a code."""

from collections.abc import Iterator, Mapping
from typing import Any

import jwt
import msgspec
from msgspec import Struct

from shared.errors import Unavailable
from shared.trust.oidc_http import HttpAnswer

OK = 200


class Discovered(Struct, frozen=True):
    """What an issuer says of itself."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str = ""


class Tokens(Struct, frozen=True):
    id_token: str


class SigningKey(Struct, frozen=True):
    """A public key, and the one algorithm that it is for if the issuer says so."""

    key: Any
    algorithm: str


def decoded(answer: HttpAnswer, shape: type[Any]) -> Any:
    if answer.status != OK:
        raise Unavailable(f"the issuer answers {answer.status}")
    try:
        return msgspec.json.decode(answer.body, type=shape)
    except msgspec.MsgspecError as fault:
        raise Unavailable("the issuer answers something else") from fault


def usable(found: Mapping[str, Any]) -> Iterator[tuple[str, SigningKey]]:
    """The public keys for signatures of a set, by name; others, and those of unknown kinds, are passed over. None is symmetric."""
    for each in found.get("keys", ()):
        if isinstance(each, dict) and each.get("kty") in {"RSA", "EC", "OKP"} and each.get("use", "sig") == "sig" and each.get("kid"):
            try:
                yield str(each["kid"]), SigningKey(jwt.PyJWK(each).key, str(each.get("alg", "")))
            except jwt.PyJWTError:
                continue
