"""The health check of a container: exit code 0 if its service works, otherwise 1 and the reason. docker-compose.yml runs it.

`python deploy/healthy.py SERVICE`, for each of `services.bootstrap.names.PROCESSES`. It runs often, and beside a start: a check imports the
product only if it reads the log.
"""

import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from pika.exceptions import AMQPError

from services.bootstrap.names import GATEWAY, NAMES, RELAY, WITHOUT_INBOX
from services.bootstrap.settings import Settings, read_settings
from shared.bus.blocking import connect
from shared.bus.relay_delay import relay_delay
from shared.errors import Misconfigured, Unavailable
from shared.time import now

MAX_RELAY_DELAY = timedelta(minutes=1)
Check = Callable[[Settings], str | None]


def without_consumer(service: str, settings: Settings) -> str | None:
    """A running service consumes its RPC queue and its inbox, if it has one: a queue without a consumer means that it stopped."""
    inboxes = () if service in WITHOUT_INBOX else (settings.names.inbox(service),)
    with connect(settings.amqp_uri) as connection:
        channel = connection.channel()
        for queue in (settings.names.requests(service), *inboxes):
            if channel.queue_declare(queue, passive=True).method.consumer_count == 0:
                return f"{queue} has no consumer"
    return None


def relay_delayed(settings: Settings, max_delay: timedelta = MAX_RELAY_DELAY) -> str | None:
    """The active relay, here or elsewhere, has published every event that was recorded more than `max_delay` ago."""
    from services.bootstrap.composition import Components

    components = Components(settings)
    delay = relay_delay(components.store, components.checkpoints, now)
    return f"an event has waited for {delay.total_seconds():.0f} s" if delay > max_delay else None


def not_ready(settings: Settings) -> str | None:
    """The gateway can answer. What else is away is for its own check: a gateway that is started again mends none of it."""
    with urllib.request.urlopen(f"http://127.0.0.1:{settings.port}/readyz", timeout=5) as answer:
        return None if answer.status == 200 else f"/readyz answers {answer.status}"


CHECKS: dict[str, Check] = {
    **{service: partial(without_consumer, service) for service in NAMES},
    GATEWAY: not_ready,
    RELAY: relay_delayed,
}


def main(service: str, settings: Settings) -> int:
    try:
        fault = CHECKS[service](settings)
    except (AMQPError, urllib.error.URLError, Unavailable, OSError) as unreachable:
        fault = f"{type(unreachable).__name__}: {unreachable}"
    if fault:
        print(f"{service}: {fault}", file=sys.stderr)
    return 1 if fault else 0


if __name__ == "__main__":
    try:
        given = read_settings(Path(tempfile.gettempdir(), "parcours-health"))
    except Misconfigured as fault:
        sys.exit(str(fault))
    sys.exit(main(sys.argv[1], given))
