"""Settings of webhooks: where they may send beside the public internet, how often, and for how long an answer is waited for."""

import re
from functools import partial

from msgspec import Struct

from services.bootstrap.environment import Environment
from services.bootstrap.network_settings import Network, networks, parts, switch
from shared.errors import Misconfigured

MINUTE, HOUR = 60.0, 3600.0
RETRIES = (5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
"""The seconds between attempts that Standard Webhooks proposes: ten attempts in three days and some hours."""
SECONDS = re.compile(r"[0-9]{1,7}(\.[0-9]{1,6})?")
MAX_RETRIES = 100


class WebhookSettings(Struct, frozen=True):
    """`networks` may be called although they are not public, `http` without TLS. Times are seconds."""

    networks: tuple[Network, ...] = ()
    http: bool = False
    retries: tuple[float, ...] = RETRIES
    timeout: float = 15.0


def webhook_settings(environment: Environment) -> WebhookSettings:
    """The settings of webhooks; what is wrong in them is collected there."""
    return WebhookSettings(
        networks=environment.read("PARCOURS_WEBHOOK_NETWORKS", partial(networks, "PARCOURS_WEBHOOK_NETWORKS")),
        http=environment.read("PARCOURS_WEBHOOK_HTTP", partial(switch, "PARCOURS_WEBHOOK_HTTP")),
        retries=environment.read("PARCOURS_WEBHOOK_RETRIES", delays),
        timeout=environment.read("PARCOURS_WEBHOOK_TIMEOUT_S", partial(seconds, "PARCOURS_WEBHOOK_TIMEOUT_S")),
    )


def delays(text: str) -> tuple[float, ...]:
    found = tuple(seconds("PARCOURS_WEBHOOK_RETRIES", part) for part in parts(text))
    if not 1 <= len(found) <= MAX_RETRIES:
        raise Misconfigured(f"PARCOURS_WEBHOOK_RETRIES: from 1 to {MAX_RETRIES} numbers of seconds are expected, such as 5,300,1800.")
    return found


def seconds(variable: str, text: str) -> float:
    if not SECONDS.fullmatch(text) or float(text) == 0:
        raise Misconfigured(f"{variable}: {text[:20]!r} is not a number of seconds above 0.")
    return float(text)
