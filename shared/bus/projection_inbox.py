"""The inbox of a projection, which keeps read models up to date with the log and must never miss an event.

How it works
------------
The effect of events on the read models and the position are one transaction of the read models' database (`ProjectionStore.apply`). So
the checkpoint is exactly what the tables hold, a crash loses or repeats nothing, and there is nothing to save when the inbox is idle.

*A failure.* A batch that fails as a whole is applied event by event. The event that fails alone stops the projection: `fault` names it,
so does readiness, and the lease is released. Skipping it would leave wrong figures that nobody notices. Before the events are tried one
by one, the position in the tables is compared with the position in memory: another process may have rebuilt or restored the tables, and
then the projection loads its checkpoint again instead.

*A retry.* The stop is recorded in the read models' database, where operators read it. A stopped process asks the store regularly whether
it may resume (`resume_if_requested`): because an operator requested a retry, or because another process or a rebuild has applied the
event. Then it takes the lease and reads the log from its checkpoint. If the event fails again, the projection stops again. If it is
applied, or the inbox becomes idle, the recorded stop is removed. Every process does that after taking the lease, since the stop may
have been recorded by another process.

*Waiting.* A database that is away is waited for. So is everything else that the store reports as Unavailable.
"""

import logging
from collections.abc import Sequence
from typing import Protocol

from shared.bus.checkpoint import check_held
from shared.bus.inbox import Failure, Inbox, Stopped, failure_of
from shared.errors import Replaced, Unavailable
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

    def record_stop(self, position: Position, kind: str, reason: str) -> None:
        """Record that the projection has stopped at an event, for operators. Does nothing else, and is durable when it returns."""

    def record_running(self) -> None:
        """Remove the record of a stop, if there is one."""

    def may_resume(self) -> bool:
        """Whether a stopped projection may try again. True once per request of an operator, and whenever no stop holds any more.

        Raises Replaced like `position`.
        """


class ProjectionInbox(Inbox):
    """Never skips an event: one that cannot be applied stops the inbox, and `fault` names it."""

    def __init__(self, service: str, store: EventStore, projection: ProjectionStore, lease: str | None = None) -> None:
        super().__init__(service, store)
        self.projection = projection
        self.lease = lease or self.lease  # each version of the read models has its own
        self.fault: Failure | None = None
        self.stop_may_be_recorded = True  # by this process, or by one that held the lease before

    def load_checkpoint(self) -> Position:
        return self.projection.checkpoint()

    def invalidate(self) -> None:
        super().invalidate()
        self.stop_may_be_recorded = True

    def handle_batch(self, events: Sequence[EventMessage]) -> None:
        try:
            self.call_until_available(self.projection.apply, events)
        except Stopped:
            raise
        except Exception as failure:
            if self.call_until_available(self.projection.position) != self.position():  # another process replaced the tables
                raise Stopped from failure
            self.apply_one_by_one(events, failure)
        self.remove_recorded_stop()

    def apply_one_by_one(self, events: Sequence[EventMessage], failure: Exception) -> None:
        """After a batch failed: apply as many events as possible, and stop at the first that fails alone."""
        for event in events:
            try:
                self.call_until_available(self.projection.apply, [event])
            except Stopped:
                raise
            except Exception as fault:
                log.exception("%s stops at position %s, %s", self.service, event.position, event.kind)
                self.stop_at(failure_of(self.service, event, fault))
                raise Stopped from fault
        log.warning("%s applied one by one the events that failed together: %r", self.service, failure)

    def stop_at(self, failure: Failure) -> None:
        check_held(self.held, self.lease)
        self.fault = failure
        self.stop_may_be_recorded = True
        self.call_until_available(self.projection.record_stop, failure.position, failure.kind, failure.reason)

    def remove_recorded_stop(self) -> None:
        if self.stop_may_be_recorded:
            self.call_until_available(self.projection.record_running)
            self.stop_may_be_recorded = False

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
        """The position is stored with every effect already. An idle projection is not stopped, and can still read its tables."""
        self.remove_recorded_stop()
        self.call_until_available(self.projection.position)

    def redeliver(self, event: EventMessage) -> None:
        """Nothing to do: a projection has no dead letters."""

    def healthy(self) -> bool:
        return self.fault is None

    def resume_if_requested(self) -> None:
        try:
            resume = native(self.projection.may_resume)
        except Replaced:  # the tables in which the event could not be applied are gone
            resume = True
        except Unavailable as fault:
            log.info("%s cannot be asked whether to resume: %s", self.service, fault)
            return
        if resume:
            log.warning("%s tries again", self.service)
            self.fault = None
