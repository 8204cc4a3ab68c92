"""Programs ask with access tokens of a real issuer, whose keys change; tokens that are forged in any way count for nothing."""

import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as new_curve_key

from shared.time import now
from shared.trust.oidc_issuer import REFETCH_S
from shared.trust.oidc_tokens import LEEWAY_S
from tests.harness.accounts import give
from tests.journey.test_two_gateways import Follower
from tests.oidc.conftest import Installation, auditor, coach
from tests.oidc.issuer import AUDIENCE, CLIENT, Issuer, Key
from tests.processes import eventually

SECONDS = 20.0
LATE = timedelta(seconds=LEEWAY_S + 5)


@pytest.fixture(autouse=True)
def nadia(installation: Installation) -> str:
    (grant,) = installation.account("nadia", coach("nadia"))
    return grant


def asked(installation: Installation, token: str, **headers: str) -> httpx.Response:
    return installation.product.client.get("/v1/me", headers={"Authorization": f"Bearer {token}", **headers})


def status(installation: Installation, token: str) -> int:
    return asked(installation, token).status_code


def part(what: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(what).encode()).decode().rstrip("=")


def plain(issuer: Issuer) -> dict[str, Any]:
    claims = issuer.claims()
    return {**claims, "iat": int(claims["iat"].timestamp()), "exp": int(claims["exp"].timestamp())}


def without_signature(issuer: Issuer) -> str:
    return f"{part({'alg': 'none', 'kid': issuer.keys[0].kid, 'typ': 'at+jwt'})}.{part(plain(issuer))}."


def by_public_key(issuer: Issuer) -> str:
    """HS256 with what everybody knows: the public key of the issuer."""
    head = f"{part({'alg': 'HS256', 'kid': issuer.keys[0].kid, 'typ': 'at+jwt'})}.{part(plain(issuer))}"
    seal = hmac.digest(issuer.keys[0].public_pem(), head.encode(), sha256)
    return f"{head}.{urlsafe_b64encode(seal).decode().rstrip('=')}"


FORGED: dict[str, Callable[[Issuer], str]] = {
    "another audience": lambda issuer: issuer.signed(issuer.claims(aud="https://other.example")),
    "for people who log in": lambda issuer: issuer.signed(issuer.claims(aud=CLIENT)),
    "no audience": lambda issuer: issuer.signed(issuer.claims(aud=None)),
    "another issuer": lambda issuer: issuer.signed(issuer.claims(iss="https://evil.example")),
    "the issuer with a slash": lambda issuer: issuer.signed(issuer.claims(iss=f"{issuer.url}/")),
    "no issuer": lambda issuer: issuer.signed(issuer.claims(iss=None)),
    "expired": lambda issuer: issuer.signed(issuer.claims(exp=now() - LATE)),
    "no expiry": lambda issuer: issuer.signed(issuer.claims(exp=None)),
    "not yet": lambda issuer: issuer.signed(issuer.claims(nbf=now() + LATE)),
    "from the future": lambda issuer: issuer.signed(issuer.claims(iat=now() + LATE)),
    "a time that is a text": lambda issuer: issuer.signed(issuer.claims(exp="tomorrow")),
    "nobody": lambda issuer: issuer.signed(issuer.claims(sub=None)),
    "somebody without an account": lambda issuer: issuer.signed(issuer.claims(sub="stranger")),
    "another key": lambda issuer: issuer.signed(issuer.claims(), key=Key("x").private),
    "a key of no name": lambda issuer: issuer.signed(issuer.claims(), kid=""),
    "another algorithm of the same key": lambda issuer: issuer.signed(issuer.claims(), algorithm="PS256"),
    "an algorithm that does not count": lambda issuer: issuer.signed(issuer.claims(), algorithm="RS512"),
    "a curve under the name of the key": lambda issuer: issuer.signed(issuer.claims(), key=new_curve_key(SECP256R1()), algorithm="ES256"),
    "no signature": without_signature,
    "the public key as a secret": by_public_key,
    "a logout token": lambda issuer: issuer.signed(issuer.claims(), typ="logout+jwt"),
    "what nobody understands": lambda issuer: issuer.signed(issuer.claims(), crit=["x"], x=1),
}


def test_who_asks_is_the_account_of_the_subject_whatever_roles_are_claimed(installation: Installation) -> None:
    issuer = installation.issuer
    answer = asked(installation, issuer.signed(issuer.claims(role="administrator", roles=["administrator"], territories=["*"])))
    assert answer.status_code == 200
    assert (answer.json()["actor"]["role"], answer.json()["territories"]) == ("coach", ["alencon"])
    for claims in (issuer.claims(exp=now() - LATE / 2), issuer.claims(nbf=now() + LATE / 2), issuer.claims(aud=["x", AUDIENCE])):
        assert status(installation, issuer.signed(claims)) == 200
    assert status(installation, issuer.signed(issuer.claims(), typ="JWT")) == 200


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_token_that_is_not_for_here_now_and_by_the_issuer_counts_for_nothing(
    installation: Installation, forge: Callable[[Issuer], str]
) -> None:
    assert status(installation, forge(installation.issuer)) == 401
    assert status(installation, installation.issuer.signed(installation.issuer.claims())) == 200


def test_an_account_with_several_grants_says_as_what_it_asks(installation: Installation) -> None:
    first, second = installation.account("lucie", coach("lucie"), auditor("lucie"))
    token = installation.issuer.signed(installation.issuer.claims(sub="lucie"))
    answer = asked(installation, token)
    assert (answer.status_code, answer.json()["code"]) == (403, "grant_needed")
    for grant, role in ((first, "coach"), (second, "auditor")):
        assert asked(installation, token, **{"Parcours-Grant": grant}).json()["actor"]["role"] == role
    assert asked(installation, token, **{"Parcours-Grant": "another"}).status_code == 403


def test_a_program_gets_its_token_from_the_issuer(installation: Installation) -> None:
    installation.account("a-program", coach("a-program"))
    form = {"grant_type": "client_credentials", "resource": AUDIENCE}
    answer = httpx.post(f"{installation.issuer.url}/token", data=form, auth=("a-program", "a-secret-of-a-program"))
    assert answer.status_code == 200, answer.text
    assert asked(installation, answer.json()["access_token"]).json()["actor"]["id"] == "a-program"


def test_a_stream_of_a_program_ends_when_its_grant_is_withdrawn_or_its_token_expires(installation: Installation) -> None:
    (grant,) = installation.account("bot", auditor("bot"))
    issuer = installation.issuer
    short = issuer.claims(sub="bot", exp=now() + timedelta(seconds=4))
    tokens = [issuer.signed(claims) for claims in (issuer.claims(sub="bot"), short)]
    kept, expiring = (Follower(installation.product.client, "/v1/stream", {"Authorization": f"Bearer {token}"}) for token in tokens)
    assert (kept.opened.wait(SECONDS), expiring.opened.wait(SECONDS)) == (True, True)
    expiring.join(SECONDS)
    assert (expiring.is_alive(), kept.is_alive()) == (False, True)
    give(installation.components, "WithdrawGrant", account="bot", grant=grant, reason="FIN_DE_FONCTION")
    kept.join(SECONDS)
    assert (kept.is_alive(), kept.status) == (False, 200)
    assert asked(installation, tokens[0]).status_code == 403


def test_a_logout_token_is_checked_like_any_other(installation: Installation) -> None:
    issuer, client = installation.issuer, installation.product.client
    event: dict[str, Any] = {"http://schemas.openid.net/event/backchannel-logout": {}}
    given = {"aud": CLIENT, "events": event, "sid": "s-1"}
    wrong: list[dict[str, Any]] = [{"aud": AUDIENCE}, {"events": {}}, {"events": None}, {"sid": None}, {"nonce": "n"}, {"jti": None}]
    wrong += [{"iss": "https://evil.example"}, {"iat": now() - timedelta(hours=1)}, {"more": "x" * 20_000}]
    for more in wrong:
        token = issuer.signed(issuer.claims(**{**given, **more}), typ="logout+jwt")
        answer = client.post("/v1/backchannel-logout", data={"logout_token": token})
        assert (answer.status_code, answer.json()["code"]) == (400, "logout_token_not_valid"), more
    token = issuer.signed(issuer.claims(**given), typ="logout+jwt")
    assert client.post("/v1/backchannel-logout", data={"logout_token": token}).status_code == 200


def test_a_key_that_is_new_is_known_and_one_that_is_gone_is_not(installation: Installation) -> None:
    """A token of a key that is not known makes the gateway read the keys again, but not for each such token."""
    issuer = installation.issuer
    before = issuer.signed(issuer.claims(jti="another"))
    time.sleep(REFETCH_S)
    issuer.rotate()
    assert status(installation, issuer.signed(issuer.claims())) == 200
    assert status(installation, before) == 401
    issuer.rotate()
    assert status(installation, issuer.signed(issuer.claims())) == 401, "the keys were read a moment ago"
    eventually(lambda: status(installation, issuer.signed(issuer.claims())) == 200, "the new key", SECONDS)


def test_what_was_known_of_the_issuer_goes_on_while_it_is_away(installation: Installation) -> None:
    issuer = installation.issuer
    assert status(installation, issuer.signed(issuer.claims())) == 200
    issuer.stop()
    try:
        assert status(installation, issuer.signed(issuer.claims(jti="later"))) == 200
        answer = installation.product.client.get("/connexion/fournisseur")
        assert answer.status_code == 303, "it has said where people log in"
    finally:
        issuer.start()
