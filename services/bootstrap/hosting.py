"""Running services: each a nameko container, in a process patched by eventlet.

Everything that blocks (the log, the read models, the decisions around them) is imported first, with the modules as Python made
them, and called in native threads. What is imported after it is green. So the order of the imports is the point of this module.
"""

# ruff: noqa: E402 - the order of the imports is explained above

import eventlet

eventlet.monkey_patch()

from shared.runtime.native_threads import import_native

import_native("services.cli.commands")

import logging
import signal
import socket
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nameko.runners import ServiceRunner

from services.bootstrap.composition import Components
from services.bootstrap.settings import Settings
from services.bootstrap.wiring import wired
from services.cli import commands
from services.coaching.service import Coaching
from services.gateway.service import GatewayService
from services.intake.service import Intake
from services.referrals.service import Referrals
from services.reporting.service import ReportingService
from shared.bus.relay import Relay
from shared.errors import Outdated, Unavailable
from shared.runtime.native_threads import native

log = logging.getLogger("parcours")

SERVICES: dict[str, type[Any]] = {
    "intake": Intake,
    "coaching": Coaching,
    "referrals": Referrals,
    "reporting": ReportingService,
    "gateway": GatewayService,
}
WORKERS = 16  # calls that a service handles at once; how many of them may ask the log at once is the store's to say
GRACE = 8.0  # seconds to finish what is under way after SIGTERM
AGAIN = 2.0  # seconds before services that fell with their servers are started again


def demo(asked: Namespace, place: Settings) -> int:
    """Serve, with the study's history loaded once."""
    native(commands.load_study, place)
    return serve(asked, place)


def serve(asked: Namespace, place: Settings) -> int:
    parts = Components(place)
    native(parts.forget_the_broker)
    log_to_terminal()
    commands.say(f"Parcours: http://{place.host}:{place.port}   (data in {place.data})")
    return hosted(parts, list(SERVICES), relay=True)


def service(asked: Namespace, place: Settings) -> int:
    if place.embedded:
        commands.say("Services in processes of their own talk over RabbitMQ: set PARCOURS_AMQP_URI.")
        return 2
    log_to_terminal()
    parts = Components(place)
    relay = asked.service == "relay"
    return hosted(parts, [] if relay else [asked.service], relay=relay)


def log_to_terminal() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def can_listen(place: Settings) -> bool:
    """Whether the address is free: asked before anything starts, since a service that cannot listen would be started again for ever."""
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((place.host, place.port))
    except OSError as fault:
        commands.say(f"{place.host}:{place.port}: {fault.strerror}")
        return False
    return True


def hosted(parts: Components, names: Sequence[str], *, relay: bool) -> int:
    """Host until SIGTERM or SIGINT. What falls is started again: nothing it did is lost, nothing is done twice.

    A log in the shape of an earlier version is the one thing that no new start mends: it is said, and the exit code is 1.
    """
    if "gateway" in names and not can_listen(parts.settings):
        return 1
    stop = eventlet.event.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None if stop.ready() else stop.send(0))
    config = {
        "AMQP_URI": parts.settings.amqp_uri,
        "WEB_SERVER_ADDRESS": f"{parts.settings.host}:{parts.settings.port}",
        "max_workers": WORKERS,
    }
    carrying = eventlet.spawn(carry, parts, stop) if relay else None
    supervising = eventlet.spawn(supervise, parts, config, names, stop) if names else None
    code: int = stop.wait()
    with eventlet.Timeout(GRACE, False):  # what waits for a server that is away is left: nothing is lost by that
        for thread in (supervising, carrying):
            if thread is not None:
                thread.wait()
    return code


def carry(parts: Components, stop: Any) -> None:
    """Relay the log, from when it can be reached until the end."""
    while not stop.ready():
        with started_again("the relay", stop):
            store, checkpoints = native(lambda: (parts.store, parts.checkpoints))
            relay = Relay(store, checkpoints, parts.settings.amqp_uri)
            carrying = eventlet.spawn(relay.run)
            wait_for_either(carrying, stop)
            relay.stop()
            carrying.wait()


def supervise(parts: Components, config: dict[str, Any], names: Sequence[str], stop: Any) -> None:
    while not stop.ready():
        with started_again(", ".join(names), stop):
            runner = ServiceRunner({**config, "parcours": native(wired, parts, names)})
            for name in names:
                runner.add_service(SERVICES[name])
            living = eventlet.spawn(live, runner)
            wait_for_either(living, stop)
            if living.dead:
                living.wait()
            else:
                runner.stop()


@contextmanager
def started_again(what: str, stop: Any) -> Iterator[None]:
    """Whatever it falls of is said, and the next start waits a little; unless none can help."""
    try:
        yield
    except Outdated as fault:
        commands.say(str(fault))
        if not stop.ready():
            stop.send(1)
        return
    except Unavailable as fault:
        log.warning("%s: waits for its servers: %s", what, fault)
    except Exception:
        log.exception("%s: fell, and is started again", what)
    else:
        return
    eventlet.sleep(AGAIN)


def wait_for_either(living: Any, stop: Any) -> None:
    while not (stop.ready() or living.dead):
        eventlet.sleep(0.1)


def live(runner: Any) -> None:
    """A start lasts until the broker is there: it must not keep anybody from stopping."""
    runner.start()
    runner.wait()
