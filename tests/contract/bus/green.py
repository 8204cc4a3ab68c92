"""Run in a process of its own, patched by eventlet: python -m tests.contract.bus.green TASK FOLDER. Prints one JSON object."""

# ruff: noqa: E402 - what blocks is imported before the rest, after the patch

import eventlet

eventlet.monkey_patch()

from shared.runtime.native_threads import import_native, native

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
from tests.contract.bus.asking import Two, asking, half_a_message, lost_replies, wait_until
from tests.contract.bus.blocking import Slow, new_event


class Clock:
    """Counts as long as the hub turns."""

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


def together(count: int, call: Callable[[int], Any]) -> list[Any]:
    return list(eventlet.GreenPool(64).imap(call, range(count)))


def slow_calls(folder: Path) -> dict[str, Any]:
    clock, slow, start = Clock(), Slow(), time.monotonic()
    together(20, lambda _: native(slow.wait, 0.2))
    return {"seconds": time.monotonic() - start, "ticks": clock.ticks, "longest": clock.longest}


def group_commit(folder: Path) -> dict[str, Any]:
    clock, store = Clock(), native(blocking.SqliteStore, folder / "log.sqlite")
    together(500, lambda _: native(store.append, Append(f"s-{uuid4()}", 0, [new_event()])))
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
    return {"faults": faults}


class One:
    name = "one"
    slow = Component("slow")
    inbox = InboxFeeder("listener")
    two = RpcProxy("two")

    @rpc  # type: ignore[untyped-decorator]
    def relayed(self, word: str) -> Any:
        return self.two.answer(word)

    @rpc  # type: ignore[untyped-decorator]
    def blocked(self, seconds: float) -> Any:
        return self.slow.wait(seconds)

    @rpc  # type: ignore[untyped-decorator]
    def absent(self) -> bool:
        return bool(self.inbox.healthy())


def services(folder: Path, uri: str) -> dict[str, Any]:
    """Two nameko services, an inbox and a relay in one process."""
    store = native(blocking.SqliteStore, folder / "log.sqlite")
    checkpoints = native(blocking.SqliteCheckpoints, folder / "log.sqlite")
    seen: list[int] = []
    listener = InboxConsumer(PolicyInbox("one", store, checkpoints, lambda event: seen.append(event.position)), checkpoints, uri)
    config = {"AMQP_URI": uri, "parcours": {"one": {"slow": Slow(), "listener": listener}, "two": {}}, "max_workers": 40}
    relay = Relay(store, checkpoints, uri)
    carrying = eventlet.spawn(relay.run)
    runner = ServiceRunner(config)
    runner.add_service(One)
    runner.add_service(Two)
    runner.start()
    with ClusterRpcProxy(config, timeout=10) as cluster:
        told = called(cluster)
        event_dispatcher(config)("source", "happened", "told")
        for _ in range(50):
            native(store.append, Append(f"s-{uuid4()}", 0, [new_event()]))
        wait_until(lambda: len(seen) == 50 and bool(Two.heard))
        healthy = cluster.one.absent()
    idle = idle_cpu(3.0)
    runner.stop()
    relay.stop()
    carrying.wait()
    return {**told, "heard": Two.heard, "seen": seen, "healthy": healthy, "idle": idle}


def called(cluster: Any) -> dict[str, Any]:
    """One call through another service, twenty that block at once, one that fails, and many in a row."""
    answer = cluster.one.relayed("word")
    start = time.monotonic()
    calls = [cluster.one.blocked.call_async(0.2) for _ in range(20)]
    for call in calls:
        call.result()
    blocked = time.monotonic() - start
    try:
        cluster.two.broken()
        fault = ""
    except Exception as raised:  # noqa: BLE001 - its name is what is looked at
        fault = str(raised)
    after = cluster.two.answer("alive")
    start = time.monotonic()
    for _ in range(200):
        cluster.two.answer("x")
    return {"answer": answer, "blocked": blocked, "fault": fault, "after": after, "rate": 200 / (time.monotonic() - start)}


def idle_cpu(seconds: float) -> float:
    """The share of a core that is used while nothing happens."""
    before = cpu()
    eventlet.sleep(seconds)
    return (cpu() - before) / seconds


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    task.__name__: task
    for task in (slow_calls, group_commit, logging_everywhere, order_of_imports, asking, lost_replies, half_a_message, services)
}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])))
