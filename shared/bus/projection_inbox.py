"""The inbox of a projection, which keeps read models up to date with the log and must never miss an event.

How it works
------------
The effect of events on the read models and the position are one transaction of the read models' database (`ProjectionStore.apply`). So
the checkpoint is exactly what the tables hold, a crash loses or repeats nothing, and there is nothing to save when the inbox is idle.

*A failure.* A batch that fails as a whole is applied event by event. The event that fails alone stops the projection: `fault` names it,
readiness is red, and the lease is released. Skipping it would leave wrong figures that nobody notices. Before the events are tried one
by one, the position in the tables is compared with the position in memory: another process may have rebuilt or restored the tables, and
then the projection loads its checkpoint again instead.

*Waiting.* A database that is away is waited for. So is everything else that the store reports as Unavailable.
"""

import logging
from collections.abc import Sequence
from typing import Protocol

from shared.bus.inbox import Failure, Inbox, Stopped, failure_of
from shared.errors import Unavailable
from shared.message import EventMessage, Position
from shared.runtime.native_threads import green_only, native
from shared.store.port import EventStore

green_only(__name__)
log = logging.getLogger(__name__)


class ProjectionStore(Protocol):
    """The read models that a projection keeps up to date. Every method blocks and may raise Unavailable."""

    def checkpoint(self) -> Position:
        """The position of the read models, made ready to go on from there. Called when a process begins to hold the lease."""

    def position(self) -> Position:
        """The position of the read models. Raises Replaced if this process must load the checkpoint again."""

    def apply(self, events: Sequence[EventMessage]) -> object:
        """Apply events and move the position, in one transaction.

        Events at or before the position are left out: a server that went away during a commit may have made it. Any exception but
        Unavailable means that the events cannot be applied; so does a gap between the position and the first event after it.
        """


class ProjectionInbox(Inbox):
    """Never skips an event: one that cannot be applied stops the inbox, and `fault` names it."""

    def __init__(self, service: str, store: EventStore, projection: ProjectionStore) -> None:
        super().__init__(service, store)
        self.projection = projection
        self.fault: Failure | None = None

    def load_checkpoint(self) -> Position:
        return self.projection.checkpoint()

    def handle_batch(self, events: Sequence[EventMessage]) -> None:
        try:
            self.call_until_available(self.projection.apply, events)
        except Stopped:
            raise
        except Exception as failure:
            if self.call_until_available(self.projection.position) != self.position():  # another process replaced the tables
                raise Stopped from failure
            self.apply_one_by_one(events, failure)

    def apply_one_by_one(self, events: Sequence[EventMessage], failure: Exception) -> None:
        """After a batch failed: apply as many events as possible, and stop at the first that fails alone."""
        for event in events:
            try:
                self.call_until_available(self.projection.apply, [event])
            except Stopped:
                raise
            except Exception as fault:
                self.fault = failure_of(self.service, event, fault)
                log.exception("%s stops at position %s, %s", self.service, event.position, event.kind)
                raise Stopped from fault
        log.warning("%s applied one by one the events that failed together: %r", self.service, failure)

    def ready_on_standby(self) -> bool:
        """Every process answers queries, so it must be able to read the tables that the active one keeps up to date."""
        try:
            native(self.projection.position)
        except Unavailable as fault:
            self.waiting_for = type(fault).__name__
            return False
        self.waiting_for = ""
        return True

    def flush(self) -> None:
        """Nothing to do: the position is stored with every effect."""

    def redeliver(self, event: EventMessage) -> None:
        """Nothing to do: a projection has no dead letters."""

    def healthy(self) -> bool:
        return self.fault is None

    def retry(self) -> None:
        """Try again, from the event that stopped the projection."""
        self.fault = None
