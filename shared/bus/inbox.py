"""An inbox: how a service handles the events of the log, in order, starting from a checkpoint. It knows no broker.

How it works
------------
The log is the truth; a message is only a hint that the log has an event at its position. So the inbox never handles what a message holds:
it reads the log, from its own position up to the one of the message (`catch_up`), and handles what it finds there. A queue may repeat, lose
or reorder messages, and a message may come from another log on the same broker: each event of this log is still handled once and in order.
A message at or before the position is a repetition, and a position that the log does not have yet is met when it does.

The position is that of the checkpoint while one process handles the events: the one that holds the lease `<service>.inbox`
(`checkpoint.py`). So it is loaded once and then cached, until the lease is taken again (`invalidate`).

When a server is away, the call is repeated with growing delays until it succeeds (`call_until_available`). Meanwhile `waiting_for`
names the fault, which readiness shows. When the lease was lost during the wait, the inbox stops and starts again with a new lease.

What happens with an event that cannot be handled is for the subclass to say. A policy inbox puts it in the dead letters and goes on
(`policy_inbox.py`). A projection stops, because figures must not miss an event (`projection_inbox.py`).
"""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from typing import ParamSpec, TypeVar

from msgspec import Struct

from shared.bus.checkpoint import check_held
from shared.errors import Damaged, Fault, Replaced, Unavailable, exception_name
from shared.message import EventMessage, Position
from shared.runtime.backoff import Backoff
from shared.runtime.native_threads import green_only, native
from shared.store.port import EventStore, Held

log = logging.getLogger(__name__)

green_only(__name__)

P = ParamSpec("P")
T = TypeVar("T")
PAGE_SIZE = 256  # events handled together: read from the log at once, or taken from the queue before they are acknowledged
MAX_REASON_LENGTH = 1_000  # characters of a failure's reason that are kept


class Stopped(Exception):
    """The inbox must stop for now: the process shuts down, the lease is lost, or it cannot handle an event."""


class Failure(Struct, frozen=True):
    """The event that an inbox could not handle, and why. Operators see it: it holds no data of other rows (`public_reason`).

    `attempts` are those of this time. The times are in ISO format, in UTC; the first one is not known of a process that died.
    """

    service: str
    kind: str
    position: Position
    reason: str
    attempts: int = 1
    first_failed_at: str | None = None
    last_failed_at: str | None = None

    @property
    def exception_name(self) -> str:
        return exception_name(self.reason)


class Inbox(ABC):
    """An inbox of `service` over a log. `InboxConsumer` feeds it."""

    kinds: Collection[str] | None = None  # the kinds of events that it reads; None for all

    def __init__(self, service: str, store: EventStore) -> None:
        self.service = service
        self.store = store
        self.stopping = threading.Event()
        self.interrupted = False  # a server was away since the consumer last reset this: its lease may be lost
        self.waiting_for = ""  # the name of the fault that a call waits for to pass
        self.damage: Damaged | None = None  # what no waiting mends: the consumer raises it
        self.lease = f"{service}.inbox"  # the name of the lease, and of the checkpoint of a policy inbox
        self.held: Held = True  # the lease itself, set by the consumer
        self.cached_position: Position | None = None

    @abstractmethod
    def load_checkpoint(self) -> Position:
        """The position up to which every event was handled, as it is stored. Blocks."""

    @abstractmethod
    def handle_batch(self, events: Sequence[EventMessage]) -> None:
        """Handle the next events, in order, and advance the checkpoint: durably if one of them had an effect, else soon.

        Raises:
            Stopped: the inbox cannot go on. None of the events counts as handled, but some may have been: they are given again.
        """

    @abstractmethod
    def redeliver(self, event: EventMessage) -> None:
        """Handle an event that an operator gave back from the dead letters, wherever the checkpoint is."""

    @abstractmethod
    def flush(self) -> None:
        """The inbox is idle: store what is not stored yet."""

    def healthy(self) -> bool:
        """False while an event keeps the inbox from going on."""
        return True

    def resume_if_requested(self) -> None:  # noqa: B027 - a hook: an inbox that never stops has nothing to do here
        """Called regularly while the inbox is not healthy: become healthy again if there is a reason to try once more."""

    def ready_on_standby(self) -> bool:
        """Whether this process may serve requests while another one holds the lease."""
        return True

    def position(self) -> Position:
        """Every event up to here is handled. Cached: only the holder of the lease changes it."""
        if self.cached_position is None:
            self.cached_position = self.call_until_available(self.load_checkpoint)
        return self.cached_position

    def invalidate(self) -> None:
        """Forget what was cached: another process may have held the lease meanwhile."""
        self.cached_position = None

    def advance(self, events: Sequence[EventMessage]) -> None:
        """Handle the next events, if there are any, and move the position to the last of them."""
        if events:
            check_held(self.held, self.lease)
            self.handle_batch(events)
            self.cached_position = events[-1].position

    def receive(self, events: Sequence[EventMessage]) -> None:
        """Handle the log up to the events that messages announce. When it returns, their effects are durable."""
        if events:
            self.catch_up(max(event.position for event in events))

    def recorded(self, event: EventMessage) -> EventMessage | None:
        """The event of a dead letter as the log has it; None if it is of another log."""
        found = self.call_until_available(self.store.read_at, [event.position])
        if found and found[0].id == event.id:
            return found[0]
        log.warning("%s: a dead letter at position %s is of another log, and is dropped", self.service, event.position)
        return None

    def catch_up(self, until: Position | None = None) -> Position:
        """Read the log from the position up to `until`, or else to its present end; returns the new position."""
        target = self.call_until_available(self.store.head) if until is None else until
        while self.position() < target:
            page = self.call_until_available(self.store.read_all, self.position(), PAGE_SIZE)
            if not page:
                break
            self.advance(page)
        return self.position()

    def call_until_available(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call in a native thread, and again while the call raises Unavailable and the lease is held.

        Raises:
            Stopped: on `stop`, when the lease was lost, when the log is damaged, or when the read models were replaced, whose
                checkpoint must be loaded again.
        """
        backoff = Backoff()
        try:
            while True:
                try:
                    return native(call, *args, **kwargs)
                except Damaged as fault:
                    self.damage = fault
                    raise Stopped from fault
                except Replaced as fault:
                    log.warning("%s starts again: %s", self.service, fault)
                    raise Stopped from fault
                except Unavailable as fault:
                    log.warning("%s waits: %s", self.service, fault)
                    self.waiting_for = type(fault).__name__
                    self.interrupted = True
                    self.pause(backoff.next_delay())
                    if not self.held:
                        raise Stopped from fault
        finally:
            self.waiting_for = ""

    def pause(self, seconds: float) -> None:
        if self.stopping.wait(seconds):
            raise Stopped

    def stop(self) -> None:
        self.stopping.set()


def failure_of(service: str, event: EventMessage, reason: object) -> Failure:
    return Failure(service, event.kind, event.position, public_reason(reason)[:MAX_REASON_LENGTH])


def public_reason(reason: object) -> str:
    """What others may read about an exception: the text of our own faults, and only the name of any other.

    A database quotes the row that it rejects in its message, and that row may be about a person.
    """
    if isinstance(reason, Exception):
        return f"{type(reason).__name__}: {reason}" if isinstance(reason, Fault) else type(reason).__name__
    return str(reason)
