"""Tasks that run in a process of their own, patched by eventlet: python -m tests.contract.bus.green TASK FOLDER [ARGS].

Each prints one JSON object, which `test_native.py` examines.
"""

# ruff: noqa: E402 - blocking modules are imported natively, after the patch and before everything else

import eventlet

eventlet.monkey_patch()

from shared.runtime.native_threads import import_native, native, run_natively

import_native("shared.store.sqlite.store", "shared.store.postgres.store", "kurrentdbclient", "tests.contract.bus.blocking")

import json
import logging
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from nameko.rpc import RpcProxy
from nameko.runners import ServiceRunner
from nameko.standalone.events import event_dispatcher
from nameko.standalone.rpc import ClusterRpcProxy

from shared.bus.inbox_consumer import InboxConsumer
from shared.bus.nameko.write_service import Component, InboxFeeder, rpc
from shared.bus.policy_inbox import PolicyInbox
from shared.bus.relay import Relay
from shared.store.port import Append
from tests.contract.bus import blocking
from tests.contract.bus.blocking import Slow, new_event
from tests.contract.bus.rpc_tasks import (
    CONTEXT,
    SIGNED,
    Two,
    calls_between_services,
    half_a_message,
    lost_connection,
    lost_replies,
    silent_broker,
    wait_until,
)


class Clock:
    """A green thread that ticks every 10 ms. `longest` is the longest time between two ticks, in seconds."""

    def __init__(self) -> None:
        self.ticks = 0
        self.longest = 0.0
        eventlet.spawn(self.run)

    def run(self) -> None:
        while True:
            before = time.monotonic()
            eventlet.sleep(0.01)
            self.ticks += 1
            self.longest = max(self.longest, time.monotonic() - before)


def in_green_threads(count: int, call: Callable[[int], Any]) -> list[Any]:
    return list(eventlet.GreenPool(64).imap(call, range(count)))


def slow_calls(folder: Path) -> dict[str, Any]:
    clock, slow, start = Clock(), Slow(), time.monotonic()
    in_green_threads(20, lambda _: native(slow.wait, 0.2))
    return {"seconds": time.monotonic() - start, "ticks": clock.ticks, "longest": clock.longest}


def group_commit(folder: Path) -> dict[str, Any]:
    clock, store = Clock(), native(blocking.SqliteStore, folder / "log.sqlite")
    in_green_threads(500, lambda _: native(store.append, Append(f"s-{uuid4()}", 0, [new_event()])))
    return {"head": native(store.head), "ticks": clock.ticks, "longest": clock.longest}


def logging_everywhere(folder: Path) -> dict[str, Any]:
    logging.basicConfig(filename=folder / "log")
    slow = Slow()
    threads = [eventlet.spawn(native, slow.log, 200) for _ in range(20)]
    for _ in range(200):
        logging.getLogger("green").warning("one line")
        eventlet.sleep(0)
    for thread in threads:
        thread.wait()
    return {"lines": len((folder / "log").read_text().splitlines())}


def order_of_imports(folder: Path) -> dict[str, Any]:
    faults = []
    for name in ("shared.store.sqlite.store", "tests.contract.bus.subscriber"):
        try:
            import_native(name)
        except ImportError as fault:
            faults.append(str(fault))
    for subject in (Slow(), One()):
        try:
            run_natively(subject)
        except ImportError as fault:
            faults.append(str(fault))
    return {"faults": faults}


class One:
    name = "one"
    slow = Component("slow")
    inbox = InboxFeeder()
    two = RpcProxy("two")

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def relayed(self, word: str) -> Any:
        return self.two.answer(word)

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def blocked(self, seconds: float) -> Any:
        return self.slow.wait(seconds)

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def healthy(self) -> bool:
        return bool(self.inbox.healthy())


def services(folder: Path, uri: str) -> dict[str, Any]:
    """Two nameko services, an inbox and a relay in one process."""
    store = native(blocking.SqliteStore, folder / "log.sqlite")
    checkpoints = native(blocking.SqliteCheckpoints, folder / "log.sqlite")
    positions: list[int] = []
    inbox = PolicyInbox("one", store, checkpoints, lambda event: positions.append(event.position))
    components = {"one": {"slow": Slow(), "inbox_consumer": InboxConsumer(inbox, checkpoints, uri)}, "two": {}}
    config = {"AMQP_URI": uri, "parcours": components, "max_workers": 40, **SIGNED}
    relay = Relay(store, checkpoints, uri)
    relay_thread = eventlet.spawn(relay.run)
    runner = ServiceRunner(config)
    runner.add_service(One)
    runner.add_service(Two)
    runner.start()
    with ClusterRpcProxy(config, CONTEXT, timeout=10) as cluster:
        answers = call_services(cluster)
        event_dispatcher(config)("source", "happened", "payload")
        for _ in range(50):
            native(store.append, Append(f"s-{uuid4()}", 0, [new_event()]))
        wait_until(lambda: len(positions) == 50 and bool(Two.payloads))
        healthy = cluster.one.healthy()
    idle = idle_cpu(3.0)
    runner.stop()
    relay.stop()
    relay_thread.wait()
    return {**answers, "payloads": Two.payloads, "positions": positions, "healthy": healthy, "idle": idle}


def call_services(cluster: Any) -> dict[str, Any]:
    """One call through another service, twenty that block at once, one that fails, and one after that."""
    answer = cluster.one.relayed("word")
    start = time.monotonic()
    calls = [cluster.one.blocked.call_async(0.2) for _ in range(20)]
    for call in calls:
        call.result()
    blocked = time.monotonic() - start
    try:
        cluster.two.broken()
        fault = ""
    except Exception as raised:  # noqa: BLE001 - nameko raises an exception of its own type; the test examines its text
        fault = str(raised)
    return {"answer": answer, "blocked": blocked, "fault": fault, "after": cluster.two.answer("alive")}


def idle_cpu(seconds: float) -> float:
    """The share of a core that the process uses while nothing happens."""
    before = cpu_seconds()
    eventlet.sleep(seconds)
    return (cpu_seconds() - before) / seconds


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


ALL_TASKS = (
    slow_calls,
    group_commit,
    logging_everywhere,
    order_of_imports,
    calls_between_services,
    lost_replies,
    lost_connection,
    silent_broker,
    half_a_message,
    services,
)
TASKS: dict[str, Callable[..., dict[str, Any]]] = {task.__name__: task for task in ALL_TASKS}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])))
