"""The nameko base classes of a service that decides: RPC methods over its command endpoint, and an inbox that is fed while it lives.

nameko knows nothing of the objects behind these methods, and they know nothing of nameko. The process that hosts the services puts plain
objects in nameko's configuration, `config["parcours"][service][name]`, and a dependency provider finds them there when a method uses
them, never before: an exception inside a provider would stop the whole container.

Every request carries the signed identity of the process that asks, whatever it asks for, addressed to the service that is asked; one
without is answered with IdentityNotValid, and its method is not called. So whoever reaches the broker without the key of a gateway reads
nothing.
"""

import logging
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from eventlet import tpool
from nameko.extensions import DependencyProvider
from nameko.rpc import Rpc

from shared.bus.inbox_consumer import InboxConsumer
from shared.bus.nameko.queue_consumer import COMPONENTS
from shared.bus.nameko.rpc_client import IDENTITY
from shared.bus.nameko.rpc_server import ResilientRpcConsumer
from shared.errors import Forbidden
from shared.reply import Reply
from shared.runtime.native_threads import run_natively
from shared.trust.tokens import IdentityVerifier

log = logging.getLogger(__name__)

VERIFIERS = "parcours.verifiers"  # in nameko's configuration: the `IdentityVerifier` of each service, by its name


class IdentityNotValid(Exception):
    """A request without an identity that a gateway signed for this service, or with one that has expired."""


class ResilientRpc(Rpc):  # type: ignore[misc]  # nameko has no types
    rpc_consumer = ResilientRpcConsumer()

    def handle_message(self, body: Any, message: Any) -> None:
        verifier: IdentityVerifier = self.container.config[VERIFIERS][self.container.service_name]
        try:
            verifier.read(str(message.headers.get(IDENTITY, "")))
        except Forbidden as fault:
            log.warning("a request without a valid identity was refused: %s", self.method_name)
            raise IdentityNotValid(fault.code) from fault
        super().handle_message(body, message)

    def check_signature(self, args: Any, kwargs: Any) -> None:
        """Python checks it a moment later, when the method is called."""


rpc = ResilientRpc.decorator


class InNativeThread:
    """A blocking object whose every method runs in a native thread, while other green threads go on."""

    def __init__(self, find: Callable[[], Any]) -> None:
        self._find = find

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            return tpool.execute(copy_context().run, getattr(self._find(), name), *args)

        return call


class Component(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    """A blocking object of this service, called in native threads: `endpoint = Component("endpoint")`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def start(self) -> None:
        found = self.container.config[COMPONENTS][self.container.service_name].get(self.name)
        if found is not None:  # else its methods say so, each time
            run_natively(found)

    def find(self) -> Any:
        return self.container.config[COMPONENTS][self.container.service_name][self.name]

    def get_dependency(self, worker_ctx: Any) -> InNativeThread:
        return InNativeThread(self.find)


class InboxFeeder(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    """Feeds the service's inbox while the service lives. Methods may ask the consumer whether it is healthy."""

    def __init__(self, name: str = "inbox_consumer") -> None:
        self.name = name
        self.thread: Any = None

    @property
    def consumer(self) -> InboxConsumer:
        consumer: InboxConsumer = self.container.config[COMPONENTS][self.container.service_name][self.name]
        return consumer

    def start(self) -> None:
        self.thread = self.container.spawn_managed_thread(self.consumer.run, identifier=f"inbox of {self.container.service_name}")

    def stop(self) -> None:
        """Wait until the current batch is handled and acknowledged."""
        self.consumer.stop()
        self.thread.wait()

    def get_dependency(self, worker_ctx: Any) -> InboxConsumer:
        return self.consumer


class NativeThread(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    """Runs a blocking object of this service in a native thread while the service lives: its `run`, until `stop` is called.

    What `run` raises ends the container, as any failure of a service does.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.thread: Any = None

    @property
    def runner(self) -> Any:
        return self.container.config[COMPONENTS][self.container.service_name][self.name]

    def start(self) -> None:
        run_natively(self.runner)
        identifier = f"{self.name} of {self.container.service_name}"
        self.thread = self.container.spawn_managed_thread(lambda: tpool.execute(self.runner.run), identifier=identifier)

    def stop(self) -> None:
        self.runner.stop()
        self.thread.wait()

    def kill(self) -> None:
        """Nobody waits for a container that is killed, but the native thread must not go on holding its lease."""
        self.runner.stop()

    def get_dependency(self, worker_ctx: Any) -> Any:
        return self.runner


class GreenThread(NativeThread):
    """The same in a green thread, for what publishes or consumes. A form of the product that needs no such object has none."""

    @property
    def runner(self) -> Any:
        return self.container.config[COMPONENTS][self.container.service_name].get(self.name)

    def start(self) -> None:
        if self.runner is not None:
            self.thread = self.container.spawn_managed_thread(self.runner.run, identifier=f"{self.name} of {self.container.service_name}")

    def stop(self) -> None:
        if self.runner is not None:
            super().stop()

    def kill(self) -> None:
        if self.runner is not None:
            super().kill()


class CommandService:
    """nameko finds these entrypoints on each service that inherits them; a service adds its name, and its own methods."""

    endpoint = Component("endpoint")

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def handle_each(self, requests: list[tuple[str, str]]) -> list[Reply]:
        """Handle commands of several callers, each (token, command as JSON)."""
        replies: list[Reply] = self.endpoint.handle_each(requests)
        return replies

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def handle_many(self, token: str, commands: list[str]) -> list[Reply]:
        """Handle commands of one caller, in order."""
        replies: list[Reply] = self.endpoint.handle_many(token, commands)
        return replies

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def try_commands(self, token: str, asked: dict[str, Any]) -> Reply:
        """Which commands about some subjects would be accepted now: by name, null or the fault."""
        reply: Reply = self.endpoint.try_commands(token, asked)
        return reply


class WriteService(CommandService):
    """A service with an inbox, which is fed while it lives."""

    inbox_consumer = InboxFeeder()

    @rpc  # type: ignore[untyped-decorator]  # nameko has no types
    def health(self) -> dict[str, Any]:
        """Whether the inbox has caught up with the log and goes on: {"healthy": bool, "fault": str or null}.

        Anybody may read it, so it names the component and the position only; the words of a fault are in the log of the service.
        """
        inbox = self.inbox_consumer.inbox
        fault = getattr(inbox, "fault", None)
        if not fault and (inbox.waiting_for or not self.inbox_consumer.caught_up):
            return {"healthy": False, "fault": f"waits: {inbox.waiting_for}" if inbox.waiting_for else "the log is being read"}
        return {"healthy": inbox.healthy(), "fault": fault and f"{fault.kind} at position {fault.position}: {fault.exception_name}"}
