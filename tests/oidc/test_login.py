"""People log in at a real issuer: what lets them in, and what does not."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from services.gateway.session import COOKIE
from tests.harness.accounts import give
from tests.journey.test_two_gateways import Follower
from tests.oidc.conftest import Installation, auditor, coach
from tests.oidc.issuer import at_the_issuer, logged_in
from tests.processes import eventually

SECONDS = 20.0  # within which something must have come; nothing is measured


def me(installation: Installation, visitor: httpx.Client) -> Any:
    answer = visitor.get(f"{installation.site}/v1/me")
    return answer.json()["actor"] | {"territories": answer.json()["territories"]} if answer.status_code == 200 else answer.status_code


def post(installation: Installation, visitor: httpx.Client, path: str, **data: str) -> httpx.Response:
    return visitor.post(f"{installation.site}{path}", data=data, headers={"Origin": installation.site})


def test_an_account_with_one_grant_enters_at_once_and_where_it_was_going(installation: Installation, visitor: httpx.Client) -> None:
    installation.account("nadia", coach("nadia"))
    answer = logged_in(visitor, installation.site, "nadia", "/comptes?x=1")
    assert answer.status_code == 200, answer.text
    assert 'content="0;url=/comptes?x=1"' in answer.text
    cookies = answer.headers.get_list("Set-Cookie")
    (session,) = [cookie for cookie in cookies if cookie.startswith(f"{COOKIE}=")]
    assert ("HttpOnly" in session, "SameSite=Strict" in session) == (True, True)
    assert me(installation, visitor) == {"id": "nadia", "role": "coach", "organisation": "etape", "territories": ["alencon"]}


def test_somebody_with_several_grants_chooses_one(installation: Installation, visitor: httpx.Client) -> None:
    first, second = installation.account("lea", coach("lea"), auditor("lea"))
    answer = logged_in(visitor, installation.site, "lea")
    assert "Comme quoi entrez-vous ?" in answer.text
    assert me(installation, visitor) == 401
    assert post(installation, visitor, "/connexion/habilitation", grant="another").status_code == 403
    assert post(installation, visitor, "/connexion/habilitation", grant=second).status_code == 200
    assert me(installation, visitor)["role"] == "auditor"
    assert post(installation, visitor, "/connexion/habilitation", grant=first).status_code == 403, "a choice is made once"


def test_who_has_no_account_or_no_grant_is_told_so_and_not_let_in(installation: Installation, visitor: httpx.Client) -> None:
    installation.account("without")
    for name in ("nobody", "without"):
        visitor.cookies.clear()
        answer = logged_in(visitor, installation.site, name)
        assert (answer.status_code, "Vous n’avez pas d’accès ici" in answer.text) == (403, True)
        assert me(installation, visitor) == 401


def test_a_verified_address_leads_in_once_and_binds_its_subject(
    installation: Installation, visitor: httpx.Client, another_visitor: httpx.Client
) -> None:
    """Somebody else who is given the same address later is not let in, nor is one whose address nobody has verified."""
    installation.account("ines", coach("ines"), email="Ines@etape.example")
    subject = "ines@etape.example+subject-1"
    assert logged_in(visitor, installation.site, subject).status_code == 200
    assert me(installation, visitor)["id"] == "ines"
    register = installation.components.accounts()
    assert installation.logins.of_subject(installation.issuer.url, subject) in register.accounts["ines"].logins
    assert logged_in(another_visitor, installation.site, "ines@etape.example+subject-2").status_code == 403
    installation.account("paul", coach("paul"), email="unverified@etape.example")
    another_visitor.cookies.clear()
    assert logged_in(another_visitor, installation.site, "unverified@etape.example").status_code == 403


def test_a_code_is_worth_nothing_twice_or_in_another_browser(
    installation: Installation, visitor: httpx.Client, another_visitor: httpx.Client
) -> None:
    installation.account("nadia", coach("nadia"))
    address = at_the_issuer(visitor, installation.site, "nadia")
    stolen = another_visitor.get(address)
    assert (stolen.status_code, "ne peut pas aboutir" in stolen.text) == (403, True)
    begun = {"parcours_login": visitor.cookies["parcours_login"]}
    assert visitor.get(address).status_code == 200
    again = httpx.get(address, cookies=begun, headers={"Accept": "text/html"})
    assert (again.status_code, "n’a pas abouti" in again.text) == (403, True)
    assert "Set-Cookie" not in again.headers


@pytest.mark.parametrize("forged", ["", "forged", "0" * 32, None])
def test_a_forged_state_leads_nowhere(installation: Installation, visitor: httpx.Client, forged: str | None) -> None:
    installation.account("nadia", coach("nadia"))
    address = httpx.URL(at_the_issuer(visitor, installation.site, "nadia"))
    changed = address.copy_remove_param("state") if forged is None else address.copy_set_param("state", forged)
    assert visitor.get(changed).status_code == 403
    assert me(installation, visitor) == 401
    assert visitor.get(address.copy_set_param("iss", "https://evil.example")).status_code == 403
    assert visitor.get(address.copy_set_param("error", "access_denied")).status_code == 403


def test_the_issuer_is_asked_for_what_binds_the_answer_to_this_browser(installation: Installation, visitor: httpx.Client) -> None:
    asked = []
    for _ in range(2):
        location = visitor.get(f"{installation.site}/connexion/fournisseur").headers["Location"]
        asked.append({name: values[0] for name, values in parse_qs(urlsplit(location).query).items()})
    assert asked[0]["code_challenge_method"] == "S256"
    assert asked[0]["redirect_uri"] == f"{installation.site}/connexion/retour"
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]
    cookie = visitor.cookies["parcours_login"]
    assert not any(asked[1][name] in cookie for name in ("state", "nonce", "code_challenge"))


def test_leaving_ends_the_session_here_and_a_link_leads_to_the_end_of_the_other(installation: Installation, visitor: httpx.Client) -> None:
    installation.account("nadia", coach("nadia"))
    assert logged_in(visitor, installation.site, "nadia").status_code == 200
    session = {COOKIE: visitor.cookies[COOKIE]}
    assert visitor.get(f"{installation.site}/deconnexion").headers["Location"] == "/", "a link from anywhere ends nothing"
    assert me(installation, visitor)["id"] == "nadia"
    answer = post(installation, visitor, "/deconnexion")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/deconnexion")
    page = visitor.get(f"{installation.site}/deconnexion").text
    assert f"{installation.issuer.url}/session/end?" in page
    assert httpx.get(f"{installation.site}/v1/me", cookies=session).status_code == 401


def end_at_the_issuer(installation: Installation, visitor: httpx.Client) -> None:
    """As somebody does who leaves the issuer itself."""
    answer = visitor.get(f"{installation.issuer.url}/session/end", params={"client_id": "parcours"})
    action = answer.text.partition('action="')[2].partition('"')[0]
    xsrf = answer.text.partition('name="xsrf" value="')[2].partition('"')[0]
    assert action, answer.text
    answer = visitor.post(action, data={"xsrf": xsrf, "logout": "yes"})
    assert answer.status_code in {200, 302, 303}, answer.text


def test_a_logout_at_the_issuer_ends_the_session_here(
    installation: Installation, visitor: httpx.Client, another_visitor: httpx.Client
) -> None:
    installation.account("nadia", coach("nadia"))
    for each in (visitor, another_visitor):
        assert logged_in(each, installation.site, "nadia").status_code == 200
    end_at_the_issuer(installation, visitor)
    eventually(lambda: me(installation, visitor) == 401, "the end of the session", SECONDS)
    assert me(installation, another_visitor)["id"] == "nadia", "a session at the issuer in another visitor goes on"


def test_a_grant_that_is_withdrawn_ends_an_open_stream_and_no_other(
    installation: Installation, visitor: httpx.Client, another_visitor: httpx.Client
) -> None:
    (grant,) = installation.account("omar", auditor("omar"))
    installation.account("zoe", auditor("zoe"))
    assert logged_in(visitor, installation.site, "omar").status_code == 200
    assert logged_in(another_visitor, installation.site, "zoe").status_code == 200
    follower, kept = (
        Follower(installation.product.client, "/v1/stream", {"Cookie": f"{COOKIE}={each.cookies[COOKIE]}"})
        for each in (visitor, another_visitor)
    )
    assert (follower.opened.wait(SECONDS), kept.opened.wait(SECONDS)) == (True, True)
    give(installation.components, "WithdrawGrant", account="omar", grant=grant, reason="FIN_DE_FONCTION")
    follower.join(SECONDS)
    assert (follower.is_alive(), follower.status, follower.broken) == (False, 200, False)
    assert me(installation, visitor) == 401
    assert logged_in(visitor, installation.site, "omar").status_code == 403
    assert (kept.is_alive(), me(installation, another_visitor)["id"]) == (True, "zoe")
