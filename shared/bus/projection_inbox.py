"""An inbox whose effect and place are one transaction: figures, which must never miss an event."""

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


class Tables(Protocol):
    """What a projection keeps up."""

    def checkpoint(self) -> Position:
        """Where they stand, made ready to go on from there. Asked by whoever begins."""

    def position(self) -> Position: ...

    def apply(self, events: Sequence[EventMessage]) -> object:
        """Keeps the position in the transaction of its effect, and leaves out what is before it: a server that went away in a commit
        may have made it. Raises a fault where something is missing between them.
        """


class ProjectionInbox(Inbox):
    """Never skips. An event it cannot take stops it, with its name."""

    def __init__(self, service: str, store: EventStore, tables: Tables) -> None:
        super().__init__(service, store)
        self.tables = tables
        self.fault: Failure | None = None

    def checkpoint(self) -> Position:
        return self.tables.checkpoint()

    def settle(self, events: Sequence[EventMessage]) -> None:
        try:
            self.patiently(self.tables.apply, events)
        except Stopped:
            raise
        except Exception as failure:
            if self.patiently(self.tables.position) != self.place():  # others were put in their place, elsewhere in the log
                raise Stopped from failure
            self.one_by_one(events, failure)

    def one_by_one(self, events: Sequence[EventMessage], failure: Exception) -> None:
        """A batch failed: go as far as possible and name the very event that does not pass."""
        for event in events:
            try:
                self.patiently(self.tables.apply, [event])
            except Stopped:
                raise
            except Exception as fault:
                self.fault = failure_of(self.service, event, fault)
                log.exception("%s stops at position %s, %s", self.service, event.position, event.kind)
                raise Stopped from fault
        log.warning("%s passed one by one what failed together: %r", self.service, failure)

    def stands_by(self) -> bool:
        """Figures are asked of every process of the service: it must be able to read what the active one keeps up."""
        try:
            native(self.tables.position)
        except Unavailable as fault:
            self.awaits = type(fault).__name__
            return False
        self.awaits = ""
        return True

    def rest(self) -> None:
        """Nothing to do: the position is saved with every effect."""

    def again(self, event: EventMessage) -> None:
        """Nothing to do: what a projection has not applied, it reads in the log."""

    def healthy(self) -> bool:
        return self.fault is None

    def retry(self) -> None:
        """Try again from the event that stopped it."""
        self.fault = None
