"""What docs/how-to/receive-webhooks.md tells receivers to do is tried, as it stands there, on what is sent."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from services.bootstrap.webhook_settings import RETRIES, WebhookSettings
from shared.time import now
from shared.trust.webhook_secrets import WebhookSecrets
from tests.architecture.source import ROOT

HOW_TO = ROOT / "docs" / "how-to" / "receive-webhooks.md"
SNIPPETS = re.findall(r"^```python\n(.*?)^```$", HOW_TO.read_text(), re.MULTILINE | re.DOTALL)
SECRETS = WebhookSecrets(b"k" * 32)
BODY = '{"data":{"place":"Marché"}}'.encode()


def function(name: str) -> Callable[..., Any]:
    [snippet] = [snippet for snippet in SNIPPETS if f"def {name}(" in snippet]
    names: dict[str, Any] = {}
    exec(snippet, names)
    found: Callable[..., Any] = names[name]
    return found


def headers(*versions: int, age: int = 0) -> dict[str, str]:
    timestamp = int(now().timestamp()) - age
    signature = SECRETS.signatures("w-1", versions, "m-1", timestamp, BODY)
    return {"webhook-id": "m-1", "webhook-timestamp": str(timestamp), "webhook-signature": signature}


@pytest.mark.parametrize("name", ["event_of", "verify"])
def test_a_receiver_that_does_so_takes_what_is_genuine_and_nothing_else(name: str) -> None:
    check = function(name)
    for version in (1, 2):
        assert check(SECRETS.secret("w-1", version), headers(2, 1), BODY) == {"data": {"place": "Marché"}}
    for given, body in (
        (headers(2), BODY),
        (headers(1), BODY + b" "),
        (headers(1, age=600), BODY),
        (headers(1, age=-600), BODY),
        (headers(1) | {"webhook-id": "m-2"}, BODY),
    ):
        with pytest.raises(Exception, match=r"(?i)signature|too (old|new)"):
            check(SECRETS.secret("w-1", 1), given, body)


def test_the_delays_are_those_of_the_product() -> None:
    units = {"s": 1, "min": 60, "h": 3600}
    [line] = [line for line in HOW_TO.read_text().splitlines() if "each spread a little" in line]
    assert [float(number) * units[unit] for number, unit in re.findall(r"(\d+) (s|min|h)\b", line)] == list(RETRIES)
    assert f"within {WebhookSettings().timeout:.0f} seconds" in HOW_TO.read_text()
