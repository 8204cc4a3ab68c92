"""Tasks of `green.py` about what is asked of services, and what becomes of questions and answers that cannot leave."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import eventlet
from nameko.events import SERVICE_POOL, event_handler
from nameko.extensions import DependencyProvider
from nameko.runners import ServiceRunner
from nameko.standalone.rpc import ClusterRpcProxy

from shared.bus.nameko.rpc_client import Replies, RpcClient, Sender, shared_sender
from shared.bus.nameko.write_service import Component, rpc
from shared.errors import Unavailable


class Two:
    name = "two"
    missing = Component("nothing of that name")
    heard: list[str] = []  # noqa: RUF012 - what both workers heard

    @rpc  # type: ignore[untyped-decorator]
    def answer(self, word: str) -> str:
        return word.upper()

    @rpc  # type: ignore[untyped-decorator]
    def broken(self) -> Any:
        return self.missing.anything()

    @event_handler("source", "happened", handler_type=SERVICE_POOL)  # type: ignore[untyped-decorator]
    def happened(self, payload: str) -> None:
        self.heard.append(payload)


class Asking(DependencyProvider):  # type: ignore[misc]
    replies = Replies()

    def setup(self) -> None:
        self.calls = RpcClient(self.container, self.replies, timeout=1_000)

    def get_dependency(self, worker_ctx: Any) -> RpcClient:
        return self.calls


class Asker:
    name = "asker"
    calls = Asking()

    @rpc  # type: ignore[untyped-decorator]
    def ask(self, service: str) -> Any:
        try:
            return self.calls.call(service, "answer", "word")
        except Unavailable as fault:
            return str(fault)


def asking(folder: Path, uri: str) -> dict[str, Any]:
    """A question to a service that is there, to one that never was, and again after the connection was cut."""
    config = {"AMQP_URI": uri, "parcours": {"asker": {}, "two": {}}}
    runner = ServiceRunner(config)
    runner.add_service(Asker)
    runner.add_service(Two)
    runner.start()
    with ClusterRpcProxy(config, timeout=60) as cluster:
        told = [cluster.asker.ask("two"), cluster.asker.ask("nobody"), cluster.asker.ask("two")]
        sender = next(each.calls.sender for container in runner.containers for each in container.dependencies if isinstance(each, Asking))
        sender.connection.connection.transport.sock.shutdown(2)
        wait_until(lambda: sender.channel is None)
        told.append(cluster.asker.ask("two"))
    runner.stop()
    return {"told": told}


def lost_replies(folder: Path, uri: str) -> dict[str, Any]:
    """As many replies that cannot leave as the service takes calls at once; then one more call, and what nobody waits for any more."""
    runner = ServiceRunner({"AMQP_URI": uri, "parcours": {"asker": {}, "two": {}}, "max_workers": 3})
    runner.add_service(Asker)
    runner.add_service(Two)
    runner.start()
    asking = next(each for container in runner.containers for each in container.dependencies if isinstance(each, Asking))
    calls, leaving = asking.calls, shared_sender(uri)
    told = [said(calls)]
    calls.timeout = 1
    for _ in range(3):
        broken_once(leaving, OSError("cut"))
        told.append(said(calls))
    calls.timeout = 10
    told.append(said(calls))
    broken_once(calls.sender, OSError("cut"))
    told.append(said(calls))
    kept = len(asking.replies._reply_events)
    runner.stop()
    return {"told": told, "kept": kept}


class Cut(BaseException):
    """As a wait that is cut short, or a thread that is ended: no fault of the broker's."""


def half_a_message(folder: Path, uri: str) -> dict[str, Any]:
    """Whether a connection is used again after a message that may have left in part, and whether one is left at the end."""
    sender = Sender(uri)
    broken_once(sender, Cut())
    first = sender.connection
    nobody: dict[str, Any] = {"exchange": SimpleNamespace(name=""), "routing_key": "nobody"}
    try:
        sender.publish("word", **nobody)
    except Cut:
        cut = True
    sender.publish("word", **nobody)
    second = sender.connection
    sender.stop()
    eventlet.sleep(0)
    return {"cut": cut, "kept": first is second, "connected": [first.connected, second.connected], "left": sender.connection is not None}


def said(calls: RpcClient) -> str:
    try:
        return str(calls.call("two", "answer", "word"))
    except Unavailable as fault:
        return str(fault)


def broken_once(sender: Sender, fault: BaseException) -> None:
    """With an OSError: what one lost connection looks like, while that of the consumer lives."""
    channel = sender.open()

    def broken(*message: Any, **options: Any) -> None:
        raise fault

    channel.basic_publish = broken


def wait_until(check: Callable[[], bool]) -> None:
    with eventlet.Timeout(15):
        while not check():
            eventlet.sleep(0.02)
