"""Signatures and secrets, judged by the official library."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from services.webhooks.delivery.schedule import SPREAD, next_delay
from shared.trust.webhook_secrets import WebhookSecrets

SECRETS = WebhookSecrets(b"k" * 32)
BODY = '{"person":"p-1","place":"Marché"}'.encode()


def headers(*versions: int, webhook: str = "w-1", body: bytes = BODY) -> dict[str, str]:
    timestamp = int(datetime.now(UTC).timestamp())
    signatures = SECRETS.signatures(webhook, versions, "m-1", timestamp, body)
    return {"webhook-id": "m-1", "webhook-timestamp": str(timestamp), "webhook-signature": signatures}


def accepts(secret: str, given: dict[str, str], body: bytes = BODY) -> bool:
    try:
        Webhook(secret).verify(body, given)
    except WebhookVerificationError:
        return False
    return True


def test_a_receiver_verifies_what_is_sent_and_nothing_else() -> None:
    secret = SECRETS.secret("w-1", 1)
    assert accepts(secret, headers(1))
    assert not accepts(secret, headers(1), BODY + b" ")
    assert not accepts(secret, headers(1, webhook="w-2"))
    assert not accepts(secret, headers(1) | {"webhook-id": "m-2"})
    old = str(int((datetime.now(UTC) - timedelta(minutes=6)).timestamp()))
    assert not accepts(secret, headers(1) | {"webhook-timestamp": old})


def test_while_a_rotation_overlaps_both_secrets_verify() -> None:
    overlapping, later = headers(2, 1), headers(2)
    assert [accepts(SECRETS.secret("w-1", version), overlapping) for version in (1, 2, 3)] == [True, True, False]
    assert [accepts(SECRETS.secret("w-1", version), later) for version in (1, 2)] == [False, True]


@given(st.lists(st.tuples(st.text("ab12.-", min_size=1, max_size=4), st.integers(1, 30)), min_size=2, max_size=6, unique=True))
def test_no_two_webhooks_or_versions_share_a_secret(named: list[tuple[str, int]]) -> None:
    secrets = [SECRETS.secret(webhook, version) for webhook, version in named]
    assert len(set(secrets)) == len(named)
    assert WebhookSecrets(b"another key of another installation").secret(*named[0]) not in secrets


def test_a_secret_has_the_form_of_the_specification() -> None:
    secret = SECRETS.secret("w-1", 1)
    assert secret.startswith("whsec_")
    assert len(Webhook(secret)._whsecret) == 32


@given(st.lists(st.floats(0.1, 1e6), min_size=1, max_size=12), st.floats(0, 1))
def test_delays_follow_the_schedule_within_the_spread_and_end(schedule: list[float], chance: float) -> None:
    for attempts, delay in enumerate(schedule, 1):
        found = next_delay(schedule, attempts, lambda: chance)
        assert found is not None
        assert delay * (1 - SPREAD) <= found + 1e-6
        assert found - 1e-6 <= delay * (1 + SPREAD)
    assert next_delay(schedule, len(schedule) + 1, lambda: chance) is None


def test_chance_spreads_a_delay() -> None:
    chances = iter((0.0, 0.5, 1.0))
    assert [next_delay([10.0], 1, lambda: next(chances)) for _ in range(3)] == pytest.approx([8.0, 10.0, 12.0])
