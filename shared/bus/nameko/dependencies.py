"""What a nameko service reaches from its methods. nameko knows nothing of what is behind, and what is behind nothing of nameko.

The process that runs the services puts plain objects in nameko's configuration: `config["parcours"][service][name]`.
A provider that raised would stop the whole container: these only hold a name until a worker method uses it.
"""

import logging
from typing import Any

from nameko.extensions import DependencyProvider

from shared.bus.inbox_consumer import InboxConsumer
from shared.runtime.native_threads import InNativeThread

log = logging.getLogger(__name__)

PARTS = "parcours"


class Part(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    """A blocking object. Every call of its methods goes to a native thread while the service goes on: `desk = Part("desk")`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def find(self) -> Any:
        return self.container.config[PARTS][self.container.service_name][self.name]

    def get_dependency(self, worker_ctx: Any) -> InNativeThread:
        return InNativeThread(self.find)


class Listening(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    """Feeds the service's inbox while the service lives: `inbox = Listening("listener")`. Worker methods may ask it `healthy()`."""

    def __init__(self, name: str = "listener") -> None:
        self.name = name
        self.thread: Any = None

    @property
    def listener(self) -> InboxConsumer:
        listener: InboxConsumer = self.container.config[PARTS][self.container.service_name][self.name]
        return listener

    def start(self) -> None:
        self.thread = self.container.spawn_managed_thread(self.listener.run, identifier=f"inbox of {self.container.service_name}")

    def stop(self) -> None:
        """The batch at hand is finished and acknowledged first."""
        self.listener.stop()
        self.thread.wait()

    def get_dependency(self, worker_ctx: Any) -> InboxConsumer:
        return self.listener
