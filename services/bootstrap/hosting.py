"""Hosting: nameko containers, the relay and the sealer in one process, supervised until SIGTERM or SIGINT.

The process must be patched by eventlet, and everything that blocks imported natively, before this module is imported: see
`services.cli.serve`.
"""

import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any, NoReturn

import eventlet
from nameko.rpc import RPC_EXCHANGE_CONFIG_KEY
from nameko.runners import ServiceRunner
from nameko.utils.concurrency import SpawningProxy

from services.bootstrap.composition import Components
from services.bootstrap.coverage_check import check_beside_log
from services.bootstrap.lost_events import check_history
from services.bootstrap.metrics_listener import listen
from services.bootstrap.names import GATEWAY, RELAY
from services.bootstrap.parts import Part, needs_of
from services.bootstrap.readings import Readings
from services.bootstrap.registry import SERVICES
from services.bootstrap.settings import Settings
from services.bootstrap.start_check import StartCheck
from services.bootstrap.wiring import wire
from shared.bus.nameko.queue_consumer import AMQP_URI, COMPONENTS
from shared.bus.nameko.rpc_client import SIGNER
from shared.bus.nameko.write_service import VERIFIERS
from shared.bus.names import NAMES
from shared.bus.relay import Relay
from shared.errors import Damaged, Misconfigured, Outdated, Unavailable
from shared.metrics import REGISTRY
from shared.runtime.native_threads import green_only, native
from shared.runtime.watchdog import Watchdog
from shared.trust.tokens import IdentitySigner

green_only(__name__)
log = logging.getLogger("parcours")

MAX_WORKERS = 16  # calls that a service handles at once; the store limits how many of them read the log at once
MAX_REQUESTS = 10_000  # that the gateway has under way: the slowness of its clients costs green threads, and connections are fewer
SHUTDOWN_GRACE_S = 8.0  # after SIGTERM, to finish what is under way
RESTART_DELAY_S = 2.0  # before services that stopped with their servers are started again
POLL_INTERVAL_S = 0.1


def host(components: Components, names: Sequence[str], *, relay: bool, started: Callable[[], None] = lambda: None) -> int:
    """Host services, and the relay with the sealer, until SIGTERM or SIGINT; returns the exit code.

    `started` is called when the services are there.

    What fails is started again: nothing that it did is lost, and nothing is done twice. What no restart here can mend ends the process:
    a log that is damaged or in the shape of an earlier version, with exit code 1, and until it works a wrong setting, with exit code 2.

    Raises:
        Misconfigured: a server refuses this process.
    """
    if GATEWAY in names and not can_listen(components.settings):
        return 1
    hosted = [*names, *([RELAY] if relay else [])]
    if not measure(components, hosted):
        return 1
    check = StartCheck(components.settings, parts_of(names), hosted, declares=[*names] != [GATEWAY])
    stop = eventlet.event.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None if stop.ready() else stop.send(0))
    check.ask()
    if not check.waiting and [*names] != [GATEWAY]:
        with suppress(Unavailable):  # a server went away since; the relay asks again before it publishes
            native(lambda: check_history(components.settings, components.store))
    eventlet.spawn(check.run, stop)
    Watchdog().start()
    threads = [
        *([eventlet.spawn(run, components, stop) for run in (run_relay, run_sealer, run_coverage_check)] if relay else []),
        *([eventlet.spawn(run_services, components, names, stop, started)] if names else []),
    ]
    for thread in threads:
        thread.link(end_process, stop)
    code: int = stop.wait()
    with eventlet.Timeout(SHUTDOWN_GRACE_S, False):
        for thread in threads:
            thread.wait()
        return code
    return leave(code)


def leave(code: int) -> NoReturn:
    """End now what has not stopped in time, because it waits for a server that is away, say: nothing is lost by that.

    Python would first wait for its native threads, and some of those have not been told to stop.
    """
    log.warning("what is under way has not stopped within %g s; the process ends", SHUTDOWN_GRACE_S)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or there is none
            stream.flush()
    os._exit(code)


def parts_of(names: Sequence[str]) -> frozenset[Part]:
    """What the hosted services open; without any, the relay alone is hosted."""
    return frozenset().union(*(needs_of("service", name).parts for name in names or [RELAY]))


def end_process(thread: Any, stop: Any) -> None:
    """A thread that ended before the process was stopped has failed in its supervision: no process stays alive that does nothing."""
    if not stop.ready():
        log.critical("the supervision of this process has failed; it ends")
        stop.send(1)
    thread.wait()


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


def measure(components: Components, hosted: Sequence[str]) -> bool:
    """Answer questions for the metrics of this process; whether the address for that is free."""
    REGISTRY.register(Readings(components, hosted))
    try:
        listen(components.settings)
    except OSError as fault:
        log.error("PARCOURS_METRICS_LISTEN: %s", fault.strerror)
        return False
    return True


def run_relay(components: Components, stop: Any) -> None:
    worked = threading.Event()
    while not stop.ready():
        with restarting("the relay", stop, worked):
            store, checkpoints = native(lambda: (components.followed, components.checkpoints))
            native(check_history, components.settings, store)
            worked.set()
            relay = Relay(store, checkpoints, components.settings.amqp_uri, components.settings.names)
            thread = eventlet.spawn(relay.run)
            wait_for_either(thread, stop)
            relay.stop()
            thread.wait()


def run_sealer(components: Components, stop: Any) -> None:
    """Seal the log, in a native thread, in the process that follows it for the broker, too."""
    worked = threading.Event()
    while not stop.ready():
        with restarting("the sealer", stop, worked):
            sealer = native(components.sealer)
            worked.set()
            thread = eventlet.spawn(native, sealer.run)
            wait_for_either(thread, stop)
            sealer.stop()
            thread.wait()


def run_coverage_check(components: Components, stop: Any) -> None:
    """Check what consumers have applied, in a native thread: the log is read in the process that follows it, too."""
    worked = threading.Event()
    while not stop.ready():
        with restarting("the check of coverage", stop, worked):
            check = native(check_beside_log, components)
            worked.set()
            thread = eventlet.spawn(native, check.run)
            wait_for_either(thread, stop)
            check.stop()
            thread.wait()


def run_services(components: Components, names: Sequence[str], stop: Any, started: Callable[[], None]) -> None:
    worked = threading.Event()
    while not stop.ready():
        with restarting(", ".join(names), stop, worked):
            config = {
                AMQP_URI: components.settings.amqp_uri,
                NAMES: components.settings.names,
                VERIFIERS: components.trust.verifiers,
                **({SIGNER: gateway_signer(components)} if GATEWAY in names else {}),
                RPC_EXCHANGE_CONFIG_KEY: components.settings.names.rpc,
                "WEB_SERVER_ADDRESS": f"{components.settings.host}:{components.settings.port}",
                COMPONENTS: native(wire, components, names),
            }
            runner = ServiceRunner(config)
            for name in names:  # nameko gives a service the configuration that its runner has when it is added
                runner.config = {**config, "max_workers": MAX_REQUESTS if name == GATEWAY else MAX_WORKERS}
                runner.add_service(nameko_service(name))
            running = threading.Event()
            thread = eventlet.spawn(run_until_stopped, runner, started, (worked, running))
            wait_for_either(thread, stop)
            if thread.dead:
                thread.wait()
            elif running.is_set():
                stop_in_order(runner)
            else:
                end_start(thread)


def gateway_signer(components: Components) -> IdentitySigner:
    """What the gateway signs identities with. Its keys are made if they are missing, before services need what follows from them."""
    signer = components.trust.identity_signer
    components.settings.key()
    return signer


def nameko_service(name: str) -> type[Any]:
    """The nameko service class of a service."""
    address = "services.gateway.service:GatewayService" if name == GATEWAY else SERVICES[name].nameko_service
    module, _, class_name = address.partition(":")
    service: type[Any] = getattr(import_module(module), class_name)
    return service


def run_until_stopped(runner: Any, started: Callable[[], None], running: Sequence[threading.Event]) -> None:
    """In a thread of its own, because starting waits for the broker, and that wait must be interruptible. Sets `running` when all started.

    When one service fails, all of the process are killed and nothing of them is left: stopping them would wait for their followers. What is
    there when all have started stays as long as the process: the garbage collector need not look at it again and again.
    """
    try:
        runner.start()
        for event in running:
            event.set()
        started()
        gc.freeze()
        SpawningProxy(runner.containers, abort_on_error=True).wait()
    except BaseException:
        runner.kill()
        raise


def end_start(thread: Any) -> None:
    """Services that are still starting have nothing under way to answer. Stopped in order, some would be started afterwards and stay."""
    thread.kill()
    with suppress(eventlet.greenlet.GreenletExit):
        thread.wait()


def stop_in_order(runner: Any) -> None:
    """The gateway first: the requests that it still answers need the other services."""
    if gateway := runner.service_map.get(GATEWAY):
        gateway.stop()
    runner.stop()


@contextmanager
def restarting(what: str, stop: Any, worked: threading.Event) -> Iterator[None]:
    """Log the failure of the block and wait before the caller restarts it; give up on what no restart can mend.

    A wrong setting is mended by nothing but another start, until the block `worked` once: then something around it has changed.
    """
    try:
        yield
    except (Damaged, Misconfigured, Outdated) as fault:
        log.error("%s", fault)
        if not (isinstance(fault, Misconfigured) and worked.is_set()):
            if not stop.ready():
                stop.send(2 if isinstance(fault, Misconfigured) else 1)
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
