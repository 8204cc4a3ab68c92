"""Tasks of `green.py` about calls between services, and about requests and replies that cannot be sent."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import eventlet
from nameko.events import SERVICE_POOL, event_handler
from nameko.extensions import DependencyProvider
from nameko.runners import ServiceRunner
from nameko.standalone.rpc import ClusterRpcProxy

from shared.bus.nameko.rpc_client import SIGNER, RpcClient
from shared.bus.nameko.sender import Sender, shared_sender
from shared.bus.nameko.write_service import VERIFIERS, Component, rpc
from shared.errors import Unavailable
from shared.trust.access import system
from tests.contract.bus.cable import Cable
from tests.harness.identities import signed_for, signer, verifier

NAMES = ("caller", "one", "two")
SIGNED = {SIGNER: signer(), VERIFIERS: {name: verifier(name) for name in NAMES}}
CONTEXT = {"identity": signed_for(system("tests"), *NAMES)}  # nameko hands it on to the service that a method calls


class Two:
    name = "two"
    missing = Component("no such component")
    payloads: list[str] = []  # noqa: RUF012 - shared by all workers on purpose: what any of them received

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def answer(self, word: str) -> str:
        return word.upper()

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def slow(self, word: str) -> str:
        self.payloads.append(word)
        eventlet.sleep(1)
        return word.upper()

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def broken(self) -> Any:
        return self.missing.anything()

    @event_handler("source", "happened", handler_type=SERVICE_POOL)  # type: ignore[untyped-decorator]  # nameko has no types
    def happened(self, payload: str) -> None:
        self.payloads.append(payload)


class ClientProvider(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    def setup(self) -> None:
        self.client = RpcClient(self.container, timeout=1_000)

    def get_dependency(self, worker_ctx: Any) -> RpcClient:
        return self.client


class Caller:
    name = "caller"
    client = ClientProvider()

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def call(self, service: str) -> str:
        return reply_or_fault(self.client, service)


def reply_or_fault(client: RpcClient, service: str = "two") -> str:
    try:
        return str(client.call(service, "answer", "word"))
    except Unavailable as fault:
        return str(fault)


def start_services(uri: str, **config: Any) -> ServiceRunner:
    runner = ServiceRunner({"AMQP_URI": uri, "parcours": {"caller": {}, "two": {}}, **SIGNED, **config})
    runner.add_service(Caller)
    runner.add_service(Two)
    runner.start()
    return runner


def client_provider(runner: ServiceRunner) -> ClientProvider:
    extensions = (extension for container in runner.containers for extension in container.dependencies)
    return next(extension for extension in extensions if isinstance(extension, ClientProvider))


def calls_between_services(folder: Path, uri: str) -> dict[str, Any]:
    """Calls to a service that exists, to one that does not, and again after the connection was cut."""
    runner = start_services(uri)
    with ClusterRpcProxy({"AMQP_URI": uri}, CONTEXT, timeout=60) as cluster:
        replies = [cluster.caller.call("two"), cluster.caller.call("nobody"), cluster.caller.call("two")]
        sender = client_provider(runner).client.sender
        sender.connection.connection.transport.sock.shutdown(2)
        wait_until(lambda: sender.channel is None)
        replies.append(cluster.caller.call("two"))
    runner.stop()
    return {"replies": replies}


def lost_replies(folder: Path, uri: str) -> dict[str, Any]:
    """As many replies that cannot be sent as the service has workers, one more call, and a request that cannot be sent.

    `pending` are the replies that the process still waits for at the end.
    """
    runner = start_services(uri, max_workers=3)
    provider = client_provider(runner)
    client = provider.client
    replies = [reply_or_fault(client)]
    client.timeout = 1
    for _ in range(3):
        fail_next_publish(shared_sender(uri), OSError("cut"))
        replies.append(reply_or_fault(client))
    client.timeout = 10
    replies.append(reply_or_fault(client))
    fail_next_publish(client.sender, OSError("cut"))
    replies.append(reply_or_fault(client))
    pending = len(client.pending)
    runner.stop()
    return {"replies": replies, "pending": pending}


def lost_connection(folder: Path, uri: str) -> dict[str, Any]:
    """The reply to a request whose connection is cut while it is handled, and how often it was handled; then of one when it is away."""
    runner = start_services(uri)
    client = client_provider(runner).client
    call = eventlet.spawn(client.call, "two", "slow", "word")
    wait_until(lambda: bool(Two.payloads))
    client.sender.connection.connection.transport.sock.shutdown(2)
    reply = call.wait()
    second = eventlet.spawn(client.call, "two", "slow", "again")
    wait_until(lambda: Two.payloads[-1] == "again")
    client.sender.connect = refuse  # type: ignore[method-assign]  # the broker is away
    client.sender.connection.connection.transport.sock.shutdown(2)
    try:
        second.wait()
    except Unavailable as fault:
        away = str(fault)
    runner.stop()
    return {"reply": reply, "handled": Two.payloads, "away": away, "pending": len(client.pending)}


def silent_broker(folder: Path, uri: str) -> dict[str, Any]:
    """The replies before and after a node of the broker falls silent, without closing anything; the second address is that of another."""
    runner = start_services(uri)
    cable = Cable(uri)
    config = {"AMQP_URI": f"{cable.uri};{uri}", **SIGNED}
    client = RpcClient(SimpleNamespace(config=config, service_name="tests"), timeout=1_000)
    replies = [client.call("two", "answer", "before")]
    cable.silent = True
    replies.append(client.call("two", "answer", "after"))
    client.stop()
    runner.stop()
    return {"replies": replies}


def refuse() -> None:
    raise ConnectionRefusedError("nobody listens")


class CutShort(BaseException):
    """A timeout of the waiting thread, or its end: not a fault of the broker."""


def half_a_message(folder: Path, uri: str) -> dict[str, Any]:
    """Whether a connection is reused after a message that may have been sent in part, and whether one is open at the end."""
    sender = Sender(uri)
    fail_next_publish(sender, CutShort())
    first = sender.connection
    unroutable: dict[str, Any] = {"exchange": SimpleNamespace(name=""), "routing_key": "nobody"}
    cut = False
    try:
        sender.publish("word", **unroutable)
    except CutShort:
        cut = True
    sender.publish("word", **unroutable)
    second = sender.connection
    sender.stop()
    eventlet.sleep(0)
    return {"cut": cut, "reused": first is second, "connected": [first.connected, second.connected], "open": sender.connection is not None}


def fail_next_publish(sender: Sender, fault: BaseException) -> None:
    """The sender's present connection fails at the next message; the connections of consumers live on."""
    channel = sender.open()

    def fail(*args: Any, **options: Any) -> None:
        raise fault

    channel.basic_publish = fail


def wait_until(check: Callable[[], bool]) -> None:
    with eventlet.Timeout(15):
        while not check():
            eventlet.sleep(0.02)
