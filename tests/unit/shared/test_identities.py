"""Identities: signed by the gateway alone, for one service, for a minute. Whatever else comes is forbidden, and nothing more."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.errors import Forbidden
from shared.message import Actor
from shared.trust.access import Identity
from shared.trust.identity_keys import (
    PublicKey,
    PublicKeys,
    SigningKey,
    new_signing_key,
    read_public_keys,
    read_signing_key,
    thumbprint,
    write_public_keys,
)
from shared.trust.tokens import (
    EDDSA,
    IDENTITY_LIFETIME,
    PREVIOUS_AUDIENCE,
    PREVIOUS_COUNTS,
    IdentitySigner,
    IdentityVerifier,
    Signer,
    audience_of,
    claims,
)
from tests.harness.identities import KEY, known, signed, verifier

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
COACH = Identity(Actor("c-1", "coach", "etape"), ("alencon",))
SECRET = b"s" * 32


def clock() -> datetime:
    return NOW


def said(**changes: object) -> dict[str, object]:
    return {**claims(COACH, audience_of("intake"), NOW + IDENTITY_LIFETIME), **changes}


def encoded(key: object, algorithm: str, kid: str | None = KEY.kid, **changes: object) -> str:
    return jwt.encode(said(**changes), key, algorithm, headers={"kid": kid} if kid else None)  # type: ignore[arg-type]


def signed_with_public_key(text: bytes) -> str:
    """As a verifier would accept that takes the public key for a shared secret. PyJWT does not sign with a key in PEM like this."""
    header, payload = ({"alg": "HS256", "typ": "JWT", "kid": KEY.kid}, {**said(), "exp": int((NOW + IDENTITY_LIFETIME).timestamp())})
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, payload)]
    signature = jwt.get_algorithm_by_name("HS256").sign(b".".join(parts), text)
    return b".".join([*parts, urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def with_another_payload() -> str:
    header, _, signature = signed(COACH, "intake", clock).split(".")
    return ".".join([header, encoded(KEY.private, EDDSA, role="coordinator").split(".")[1], signature])


def of_a_service() -> str:
    """What a service makes that has read the public keys: it has no key of the set, but can name one."""
    return encoded(Ed25519PrivateKey.generate(), EDDSA)


FORGED: dict[str, Callable[[], str]] = {
    "by a key of its own": lambda: signed(COACH, "intake", clock, key=new_signing_key()),
    "by a key of its own under the name of ours": of_a_service,
    "under no name": lambda: encoded(KEY.private, EDDSA, None),
    "under another name": lambda: encoded(KEY.private, EDDSA, new_signing_key().kid),
    "by nobody": lambda: encoded(None, "none"),
    "with the public key as a secret": lambda: signed_with_public_key(KEY.x),
    "with the public set as a secret": lambda: signed_with_public_key(write_public_keys(known(KEY))),
    "with the secret of sessions": lambda: Signer(SECRET, "gateway", clock).sign(COACH, IDENTITY_LIFETIME),
    "as the release before": lambda: Signer(SECRET, PREVIOUS_AUDIENCE, clock).sign(COACH, IDENTITY_LIFETIME),
    "for another service": lambda: signed(COACH, "coaching", clock),
    "for the services of the release before": lambda: encoded(KEY.private, EDDSA, aud=PREVIOUS_AUDIENCE),
    "for nobody": lambda: encoded(KEY.private, EDDSA, aud=[]),
    "too old": lambda: signed(COACH, "intake", clock, lifetime=timedelta(0)),
    "without an end": lambda: encoded(KEY.private, EDDSA, exp=None),
    "without a number": lambda: encoded(KEY.private, EDDSA, jti=None),
    "cut": lambda: signed(COACH, "intake", clock)[:-8],
    "with what another says": with_another_payload,
}


def test_what_the_gateway_signed_for_this_service_is_read() -> None:
    assert verifier("intake", clock).read(signed(COACH, "intake", clock)) == COACH


@pytest.mark.parametrize("how", FORGED)
def test_whatever_else_is_signed_is_forbidden(how: str) -> None:
    checks = verifier("intake", clock)
    token = FORGED[how]()
    for _ in range(2):  # what was refused once is refused again
        with pytest.raises(Forbidden):
            checks.read(token)
    assert checks.read(signed(COACH, "intake", clock)) == COACH


def test_an_identity_that_was_read_before_is_still_too_old_in_time() -> None:
    moment = [NOW]
    gateway, service = IdentitySigner(lambda: KEY, lambda: moment[0]), verifier("intake", lambda: moment[0])
    given = gateway.token(COACH, "intake")
    assert service.read(given) == COACH
    moment[0] = NOW + IDENTITY_LIFETIME / 3
    assert gateway.token(COACH, "intake") == given != gateway.token(COACH, "coaching")
    moment[0] = NOW + IDENTITY_LIFETIME / 2
    assert gateway.token(COACH, "intake") != given
    moment[0] = NOW + IDENTITY_LIFETIME
    with pytest.raises(Forbidden):
        service.read(given)


class Replaced:
    """Keys that are replaced while a gateway and a service work. `looked` counts the looks that could not wait."""

    def __init__(self) -> None:
        self.signing: SigningKey = KEY
        self.public = known(KEY)
        self.held = self.public  # as the service knows them
        self.looked = 0
        self.gateway = IdentitySigner(lambda: self.signing, clock)
        self.service = IdentityVerifier("intake", self.keys, clock)

    def keys(self, *, at_once: bool = False) -> PublicKeys:
        if at_once:
            self.looked += 1
            self.held = self.public
        return self.held


def test_a_key_is_replaced_without_a_gap() -> None:
    keys, second = Replaced(), new_signing_key()
    before = keys.gateway.token(COACH, "intake")
    assert keys.service.read(before) == COACH
    keys.public = known(KEY, second)
    keys.signing = second
    after = keys.gateway.token(COACH, "intake")
    assert jwt.get_unverified_header(after)["kid"] == second.kid, "the newest signs, although the token before is good for a while"
    assert keys.service.read(after) == COACH, "a key that is not known is looked for at once"
    assert keys.service.read(before) == COACH
    assert keys.looked == 1


def test_a_key_that_is_dropped_counts_no_more_even_for_what_was_read_before() -> None:
    keys, second = Replaced(), new_signing_key()
    before = keys.gateway.token(COACH, "intake")
    assert keys.service.read(before) == COACH
    keys.public = keys.held = known(second)
    with pytest.raises(Forbidden):
        keys.service.read(before)


@pytest.mark.parametrize(
    ("keys", "counts"),
    [
        (None, True),
        (PublicKeys(keys=(KEY.public(0),)), False),
        (PublicKeys(keys=(KEY.public(0),), previous_until=int(NOW.timestamp()) + 1), True),
        (PublicKeys(keys=(KEY.public(0),), previous_until=int(NOW.timestamp())), False),
    ],
)
@pytest.mark.parametrize("held", [True, False])
def test_the_release_before_counts_for_a_while_where_its_key_is_held(keys: PublicKeys | None, counts: bool, held: bool) -> None:
    previous = Signer(SECRET, PREVIOUS_AUDIENCE, clock)
    service = IdentityVerifier("intake", lambda *, at_once=False: keys, clock, previous if held else None)
    token = previous.sign(COACH, IDENTITY_LIFETIME)
    if counts and held:
        assert service.read(token) == COACH
    else:
        with pytest.raises(Forbidden):
            service.read(token)


def test_without_public_keys_the_release_before_counts_for_a_day() -> None:
    """A service that looks for them in a wrong place does not take its identities for ever."""
    moment = [NOW]
    previous = Signer(SECRET, PREVIOUS_AUDIENCE, lambda: moment[0])
    service = IdentityVerifier("intake", lambda *, at_once=False: None, lambda: moment[0], previous)
    for passed, counts in ((PREVIOUS_COUNTS - timedelta(seconds=1), True), (PREVIOUS_COUNTS, False)):
        moment[0] = NOW + passed
        token = previous.sign(COACH, IDENTITY_LIFETIME)
        if counts:
            assert service.read(token) == COACH
        else:
            with pytest.raises(Forbidden):
                service.read(token)


def test_a_service_without_public_keys_answers_nobody_until_it_has_them() -> None:
    found: list[PublicKeys] = []
    service = IdentityVerifier("intake", lambda *, at_once=False: found[-1] if found else None, clock)
    token = signed(COACH, "intake", clock)
    with pytest.raises(Forbidden):
        service.read(token)
    found.append(known(KEY))
    assert service.read(token) == COACH


def test_a_name_is_the_thumbprint_of_its_key() -> None:
    """The example of RFC 8037, appendix A.3."""
    x = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert thumbprint(x) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    stolen = PublicKey(x=new_signing_key().public(0).x, kid=KEY.kid)
    with pytest.raises(ValueError, match="thumbprint"):
        read_public_keys(write_public_keys(PublicKeys(keys=(stolen,))))


def test_keys_are_read_as_they_were_written() -> None:
    assert read_signing_key(KEY.pem()).kid == KEY.kid
    keys = PublicKeys(keys=(KEY.public(5), new_signing_key().public(6)), previous_until=7)
    assert read_public_keys(write_public_keys(keys)) == keys
    members = json.loads(write_public_keys(known(KEY)))["keys"][0]
    assert {name: members[name] for name in ("kty", "crv", "alg", "use", "kid")} == {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "EdDSA",
        "use": "sig",
        "kid": KEY.kid,
    }


@pytest.mark.parametrize("text", [b"", b"{}", b'{"keys": [{"kty": "EC"}]}', b'{"keys": [{"x": "AA", "kid": "k"}]}', b'{"keys": 1}'])
def test_what_is_no_set_of_keys_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of msgspec, base64 or ours
        read_public_keys(text)
