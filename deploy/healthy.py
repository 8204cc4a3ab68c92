"""Is the service of this container at work? Exit code 0, or 1 and the reason: what docker-compose.yml asks every half minute.

`python deploy/healthy.py intake|coaching|referrals|reporting|gateway|relay`
"""

import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import pika
import pika.exceptions

from services.bootstrap.composition import Components
from services.bootstrap.settings import Settings, settings
from shared.errors import Unavailable
from shared.time import now

PATIENCE = timedelta(minutes=1)
Check = Callable[[Settings], str | None]


def unread(service: str, place: Settings) -> str | None:
    """A service listens to its calls and to its inbox, or to neither: a queue without a consumer is a service that fell."""
    with pika.BlockingConnection(pika.URLParameters(place.amqp_uri)) as connection:
        channel = connection.channel()
        for queue in (f"rpc-{service}", f"{service}.inbox"):
            if channel.queue_declare(queue, passive=True).method.consumer_count == 0:
                return f"nobody reads {queue}"
    return None


def late(place: Settings, patience: timedelta = PATIENCE) -> str | None:
    """The relay, whichever is active, has carried all that was recorded before the last minute."""
    parts = Components(place)
    waiting = parts.store.read_all(parts.checkpoints.load("relay"), limit=1)
    if waiting and waiting[0].recordedtime < now() - patience:
        return f"position {waiting[0].position} waits since {waiting[0].recordedtime}"
    return None


def unready(place: Settings) -> str | None:
    with urllib.request.urlopen(f"http://127.0.0.1:{place.port}/readyz", timeout=5) as answer:
        return None if answer.status == 200 else f"/readyz answers {answer.status}"


CHECKS: dict[str, Check] = {
    **{service: partial(unread, service) for service in ("intake", "coaching", "referrals", "reporting")},
    "gateway": unready,
    "relay": late,
}


def main(service: str, place: Settings) -> int:
    try:
        fault = CHECKS[service](place)
    except (pika.exceptions.AMQPError, urllib.error.URLError, Unavailable, OSError) as unreachable:
        fault = f"{type(unreachable).__name__}: {unreachable}"
    if fault:
        print(f"{service}: {fault}", file=sys.stderr)
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], settings(Path(tempfile.gettempdir(), "parcours-health"))))
