"""Hosting: nameko containers and the relay in one process, supervised until SIGTERM or SIGINT.

The process must be patched by eventlet, and everything that blocks imported natively, before this module is imported: see
`services.cli.serve`.
"""

import logging
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import eventlet
from nameko.rpc import RPC_EXCHANGE_CONFIG_KEY
from nameko.runners import ServiceRunner
from nameko.utils.concurrency import SpawningProxy

from services.bootstrap.composition import Components
from services.bootstrap.names import GATEWAY
from services.bootstrap.registry import SERVICES
from services.bootstrap.settings import Settings
from services.bootstrap.wiring import wire
from shared.bus.nameko.queue_consumer import AMQP_URI
from shared.bus.nameko.write_service import COMPONENTS
from shared.bus.names import NAMES
from shared.bus.relay import Relay
from shared.errors import Outdated, Unavailable
from shared.runtime.native_threads import green_only, native

green_only(__name__)
log = logging.getLogger("parcours")

MAX_WORKERS = 16  # calls that a service handles at once; the store limits how many of them read the log at once
SHUTDOWN_GRACE_S = 8.0  # after SIGTERM, to finish what is under way
RESTART_DELAY_S = 2.0  # before services that stopped with their servers are started again
POLL_INTERVAL_S = 0.1


def host(components: Components, names: Sequence[str], *, relay: bool) -> int:
    """Host services, and the relay, until SIGTERM or SIGINT; returns the exit code.

    What fails is started again: nothing that it did is lost, and nothing is done twice. Only a log in the shape of an earlier version,
    which no restart can mend, ends the process, with exit code 1.
    """
    if GATEWAY in names and not can_listen(components.settings):
        return 1
    stop = eventlet.event.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None if stop.ready() else stop.send(0))
    threads = [
        *([eventlet.spawn(run_relay, components, stop)] if relay else []),
        *([eventlet.spawn(run_services, components, names, stop)] if names else []),
    ]
    code: int = stop.wait()
    with eventlet.Timeout(SHUTDOWN_GRACE_S, False):  # then leave what waits for a server that is away: nothing is lost by that
        for thread in threads:
            thread.wait()
    return code


def can_listen(settings: Settings) -> bool:
    """Whether the address is free. Checked before anything starts: a gateway that cannot listen would be restarted for ever."""
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
    except OSError as fault:
        log.error("%s:%s: %s", settings.host, settings.port, fault.strerror)
        return False
    return True


def run_relay(components: Components, stop: Any) -> None:
    while not stop.ready():
        with restarting("the relay", stop):
            store, checkpoints = native(lambda: (components.store, components.checkpoints))
            relay = Relay(store, checkpoints, components.settings.amqp_uri, components.settings.names)
            thread = eventlet.spawn(relay.run)
            wait_for_either(thread, stop)
            relay.stop()
            thread.wait()


def run_services(components: Components, names: Sequence[str], stop: Any) -> None:
    config = {
        AMQP_URI: components.settings.amqp_uri,
        NAMES: components.settings.names,
        RPC_EXCHANGE_CONFIG_KEY: components.settings.names.rpc,
        "WEB_SERVER_ADDRESS": f"{components.settings.host}:{components.settings.port}",
        "max_workers": MAX_WORKERS,
    }
    while not stop.ready():
        with restarting(", ".join(names), stop):
            runner = ServiceRunner({**config, COMPONENTS: native(wire, components, names)})
            for name in names:
                runner.add_service(nameko_service(name))
            thread = eventlet.spawn(run_until_stopped, runner)
            wait_for_either(thread, stop)
            if thread.dead:
                thread.wait()
            else:
                runner.stop()


def nameko_service(name: str) -> type[Any]:
    """The nameko service class of a service."""
    address = "services.gateway.service:GatewayService" if name == GATEWAY else SERVICES[name].nameko_service
    module, _, class_name = address.partition(":")
    service: type[Any] = getattr(import_module(module), class_name)
    return service


def run_until_stopped(runner: Any) -> None:
    """In a thread of its own, because starting waits for the broker, and that wait must be interruptible.

    When one service fails, all of the process are killed and nothing of them is left: stopping them would wait for their followers.
    """
    try:
        runner.start()
        SpawningProxy(runner.containers, abort_on_error=True).wait()
    except BaseException:
        runner.kill()
        raise


@contextmanager
def restarting(what: str, stop: Any) -> Iterator[None]:
    """Log the failure of the block and wait before the caller restarts it; give up on Outdated, which no restart can mend."""
    try:
        yield
    except Outdated as fault:
        log.error("%s", fault)
        if not stop.ready():
            stop.send(1)
        return
    except Unavailable as fault:
        log.warning("%s: waiting for its servers: %s", what, fault)
    except Exception:
        log.exception("%s: failed, and is started again", what)
    else:
        return
    eventlet.sleep(RESTART_DELAY_S)


def wait_for_either(thread: Any, stop: Any) -> None:
    while not (stop.ready() or thread.dead):
        eventlet.sleep(POLL_INTERVAL_S)
