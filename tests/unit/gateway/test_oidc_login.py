"""What stands in a browser while somebody logs in: sealed, for one login, for a while, and worth nothing for anything else."""

from datetime import timedelta

import pytest

from services.gateway.oidc_login import BEGUN_S, PROVEN_S, Begun, LoginFlow, Proven
from services.gateway.problems import Problem
from shared.time import now
from shared.trust.oidc_answers import Discovered
from shared.trust.oidc_client import OidcClient

CLIENT = OidcClient("https://login.example", "parcours", "secret", "https://parcours.example/connexion/retour", "", ("RS256",))
KEY = b"the key of an installation, whatever"


def flow(key: bytes = KEY, later: float = 0.0) -> LoginFlow:
    return LoginFlow(CLIENT, key, lambda: now() + timedelta(seconds=later))


def test_a_login_is_finished_by_another_gateway_with_the_same_key() -> None:
    begun = flow().begin("/taches")
    state = flow().derived(begun, "state")
    assert flow().returned(flow().sealed(begun), state) == begun
    assert flow(later=BEGUN_S - 5).returned(flow().sealed(begun), state).then == "/taches"


@pytest.mark.parametrize("seconds", [BEGUN_S + 5])
def test_a_login_is_finished_in_time(seconds: float) -> None:
    begun = flow().begin("/")
    with pytest.raises(Problem):
        flow(later=seconds).returned(flow().sealed(begun), flow().derived(begun, "state"))
    with pytest.raises(Problem):
        flow(later=PROVEN_S + 5).opened(flow().sealed(flow().proven("nadia", "", "/")), Proven)


def test_a_cookie_of_another_installation_of_another_login_or_of_a_choice_begins_nothing() -> None:
    begun, other = flow().begin("/"), flow().begin("/")
    state = flow().derived(begun, "state")
    cookies = [flow(b"another key" * 4).sealed(begun), flow().sealed(other), flow().sealed(flow().proven("nadia", "", "/"))]
    for cookie in [*cookies, "", ".", "x.y", flow().sealed(begun)[:-1]]:
        with pytest.raises(Problem):
            flow().returned(cookie, state)
    with pytest.raises(Problem):
        flow().opened(flow().sealed(begun), Proven)
    with pytest.raises(Problem):
        flow().returned(flow().sealed(begun), flow().derived(begun, "nonce"))


def test_what_is_sent_to_the_issuer_leads_to_nothing_that_stays_here() -> None:
    begun = flow().begin("/")
    address = flow().address(begun, Discovered("i", "https://login.example/auth?tenant=1", "t", "k"))
    assert address.startswith("https://login.example/auth?tenant=1&response_type=code")
    for secret in (begun.secret, flow().derived(begun, "verifier")):
        assert secret not in address
    assert isinstance(flow().opened(flow().sealed(begun), Begun), Begun)
