"""What a service does with the events it is given. No transport is known here: messages are a hint, the log is the truth.

Each inbox has a place in the log. A message at or before it was handled already; the one whose `previous` is the place is next;
anything later is a gap, and the log is read up to it. So a queue may repeat, lose or reorder messages and nothing is noticed; and an
inbox that reads few kinds is only told of those, and goes past the others in the log.

A log that is away is waited for, without end. What an event that cannot be handled means depends on the inbox: see `reactions.py` and
`projection.py`.
"""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from typing import ParamSpec, TypeVar

from msgspec import Struct

from shared.bus.checkpoint import check_held
from shared.errors import Fault, Replaced, Unavailable
from shared.message import EventMessage, Position
from shared.runtime.backoff import Backoff
from shared.runtime.native_threads import green_only, native
from shared.store.port import EventStore, Held

log = logging.getLogger(__name__)

green_only(__name__)

P = ParamSpec("P")
T = TypeVar("T")
PAGE = 256  # events handled between two checkpoints


class Stopped(Exception):
    """The inbox goes no further, for now: it was told to, what it had is another's, or an event keeps it from going on."""


class Failure(Struct, frozen=True):
    """The event that an inbox could not handle, and why."""

    service: str
    kind: str
    position: Position
    reason: str

    @property
    def name(self) -> str:
        """Of the exception, without its words."""
        return self.reason.partition(":")[0]


class Inbox(ABC):
    kinds: Collection[str] | None = None  # what it reads; None is everything

    def __init__(self, service: str, store: EventStore) -> None:
        self.service = service
        self.store = store
        self.stopping = threading.Event()
        self.interrupted = False
        self.awaits = ""  # the name of the fault that is waited for to pass
        self.lease = f"{service}.inbox"
        self.held: Held = True  # whoever feeds it says by what it is alone to do so
        self.reached: Position | None = None

    @abstractmethod
    def checkpoint(self) -> Position:
        """Up to where every event was handled, durably."""

    @abstractmethod
    def settle(self, events: Sequence[EventMessage]) -> None:
        """Handle the next events, in order, and make the checkpoint theirs: at once, or soon when none of them had an effect."""

    @abstractmethod
    def again(self, event: EventMessage) -> None:
        """A dead letter is given back: handle it now, wherever the checkpoint is."""

    @abstractmethod
    def rest(self) -> None:
        """Nothing more comes for now: leave nothing unsaved."""

    def healthy(self) -> bool:
        return True

    def place(self) -> Position:
        """Where the inbox is. Whoever holds its lease is alone to move it, so it is asked for once and then known."""
        if self.reached is None:
            self.reached = self.patiently(self.checkpoint)
        return self.reached

    def forget(self) -> None:
        """Somebody else may have had the lease."""
        self.reached = None

    def advance(self, events: Sequence[EventMessage]) -> None:
        if events:
            check_held(self.held, self.lease)
            self.settle(events)
            self.reached = events[-1].position

    def receive(self, events: Sequence[EventMessage]) -> None:
        """Take messages as they arrive. When this returns, the effect of each is durable."""
        reached = self.place()
        following: list[EventMessage] = []
        for event in events:
            if event.position <= reached:
                continue
            if event.previous == reached:
                following.append(event)
                reached = event.position
            else:
                self.advance(following)
                following = []
                reached = self.catch_up(event.position)
        self.advance(following)

    def catch_up(self, until: Position | None = None) -> Position:
        """Read the log from the place, to its end or at least to `until`. Returns the place."""
        target = self.patiently(self.store.head) if until is None else until
        while self.place() < target:
            page = self.patiently(self.store.read_all, self.place(), PAGE)
            if not page:
                break
            self.advance(page)
        return self.place()

    def patiently(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call in a native thread, again and again while a server is away and the lease is held."""
        backoff = Backoff()
        try:
            while True:
                try:
                    return native(call, *args, **kwargs)
                except Replaced as fault:
                    log.warning("%s begins anew: %s", self.service, fault)
                    raise Stopped from fault
                except Unavailable as fault:
                    log.warning("%s waits: %s", self.service, fault)
                    self.awaits = type(fault).__name__
                    self.interrupted = True
                    self.pause(backoff.again())
                    if not self.held:
                        raise Stopped from fault
        finally:
            self.awaits = ""

    def stands_by(self) -> bool:
        """Whether its service may be asked while another process holds the lease."""
        return True

    def pause(self, seconds: float) -> None:
        if self.stopping.wait(seconds):
            raise Stopped

    def stop(self) -> None:
        self.stopping.set()


def failure_of(service: str, event: EventMessage, reason: object) -> Failure:
    return Failure(service, event.kind, event.position, told(reason)[:1_000])


def told(reason: object) -> str:
    """A fault in its own words. Of any other exception the name alone: what a database says of a row holds the row, and a person."""
    if isinstance(reason, Exception):
        return f"{type(reason).__name__}: {reason}" if isinstance(reason, Fault) else type(reason).__name__
    return str(reason)
