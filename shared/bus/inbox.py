"""What a service does with the events it is given. No transport is known here: messages are a hint, the log is the truth.

Each inbox has a place in the log. A message at or before it was handled already; the one whose `previous` is the place is next;
anything later is a gap, and the log is read up to it. So a queue may repeat, lose or reorder messages and nothing is noticed; and an
inbox that reads few kinds is only told of those, and goes past the others in the log.

A log that is away is waited for, without end. What an event that cannot be handled means depends on the inbox: see `Reactions` and
`Projection`.
"""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from typing import ParamSpec, TypeVar

from msgspec import Struct

from shared.bus.backoff import Backoff
from shared.bus.native import green_only, native
from shared.bus.place import Place
from shared.errors import Unavailable
from shared.message import EventMessage, Position
from shared.store.port import Checkpoints, EventStore

log = logging.getLogger(__name__)

green_only(__name__)

P = ParamSpec("P")
T = TypeVar("T")
PAGE = 256  # events handled between two checkpoints
ATTEMPTS = 5
PAUSES = (0.05, 0.1, 0.2, 0.4)  # seconds before the second attempt, the third…


class Stopped(Exception):
    """The inbox goes no further, for now: it was told to, or an event keeps it from going on."""


class Failure(Struct, frozen=True):
    """The event that an inbox could not handle, and why."""

    service: str
    kind: str
    position: Position
    reason: str


class Inbox(ABC):
    kinds: Collection[str] | None = None  # what it reads; None is everything

    def __init__(self, service: str, store: EventStore) -> None:
        self.service = service
        self.store = store
        self.stopping = threading.Event()
        self.interrupted = False
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
        """Call in a native thread, again and again while a server is away."""
        backoff = Backoff()
        while True:
            try:
                return native(call, *args, **kwargs)
            except Unavailable as fault:
                log.warning("%s waits: %s", self.service, fault)
                self.interrupted = True
                self.pause(backoff.again())

    def pause(self, seconds: float) -> None:
        if self.stopping.wait(seconds):
            raise Stopped

    def stop(self) -> None:
        self.stopping.set()


class Projection(Inbox):
    """Never skips. `apply` keeps its own position in the transaction of its effect; an event it cannot take stops it, with its name."""

    def __init__(
        self, service: str, store: EventStore, position: Callable[[], Position], apply: Callable[[list[EventMessage]], object]
    ) -> None:
        super().__init__(service, store)
        self.position = position
        self.apply = apply
        self.fault: Failure | None = None

    def checkpoint(self) -> Position:
        return self.position()

    def settle(self, events: Sequence[EventMessage]) -> None:
        try:
            self.patiently(self.apply_following, events)
        except Stopped:
            raise
        except Exception as failure:  # noqa: BLE001 - whatever it is, it is kept for readiness to tell
            self.one_by_one(events, failure)

    def apply_following(self, events: Sequence[EventMessage]) -> None:
        """A server that went away in a commit may have made it: the position is asked again at each attempt.

        Tables that stand elsewhere than memory says were put in the place of others: the log is read again from where they stand.
        """
        reached = self.position()
        following = [event for event in events if event.position > reached]
        if following and following[0].previous != reached:
            raise Stopped
        if following:
            self.apply(following)

    def one_by_one(self, events: Sequence[EventMessage], failure: Exception) -> None:
        """A batch failed: go as far as possible and name the very event that does not pass."""
        for event in events:
            try:
                self.patiently(self.apply_following, [event])
            except Stopped:
                raise
            except Exception as fault:
                self.fault = failure_of(self.service, event, fault)
                log.exception("%s stops at position %s, %s", self.service, event.position, event.kind)
                raise Stopped from fault
        log.warning("%s passed one by one what failed together: %r", self.service, failure)

    def rest(self) -> None:
        """Nothing to do: the position is saved with every effect."""

    def again(self, event: EventMessage) -> None:
        """Nothing to do: what a projection has not applied, it reads in the log."""

    def healthy(self) -> bool:
        return self.fault is None

    def retry(self) -> None:
        """Try again from the event that stopped it."""
        self.fault = None


class Reactions(Inbox):
    """Policies: each event is handled alone. One that fails is put aside in the dead letters, and the rest goes on.

    `kinds` are those that a policy reads. The others are gone past, and the checkpoint follows them now and then.
    """

    def __init__(
        self,
        service: str,
        store: EventStore,
        checkpoints: Checkpoints,
        react: Callable[[EventMessage], object],
        kinds: Collection[str] | None = None,
    ) -> None:
        super().__init__(service, store)
        self.checkpoints = checkpoints
        self.react = react
        self.kinds = kinds
        self.name = f"{service}.inbox"
        self.kept = Place(checkpoints, self.name)
        self.bury: Callable[[EventMessage, Failure], None] = lambda event, failure: None
        self.careful = PAGE

    def checkpoint(self) -> Position:
        return self.kept.load()

    def settle(self, events: Sequence[EventMessage]) -> None:
        read = [event for event in events if self.kinds is None or event.kind in self.kinds]
        careful, swift = read[: self.careful], read[self.careful :]
        for event in careful:
            self.settle_carefully(event)
        if swift:
            self.settle_swiftly(swift)
        self.kept.moved(events[-1].position)
        if read or self.kept.due:
            self.patiently(self.kept.save)

    def rest(self) -> None:
        self.patiently(self.kept.save)

    def settle_carefully(self, event: EventMessage) -> None:
        """After a start the first events may be those that killed the last process: each attempt is written down before it is made."""
        self.careful -= 1
        if self.patiently(self.may_try, event.position):
            self.handle(event)
        else:
            self.put_aside(event, f"The process died in each of {ATTEMPTS} attempts.")
        self.kept.moved(event.position)
        self.patiently(self.kept.save)

    def may_try(self, position: Position) -> bool:
        for attempt in range(1, ATTEMPTS + 1):
            mark = f"{self.name}.attempt{attempt}"
            if self.checkpoints.load(mark) < position:
                self.checkpoints.save(mark, position)
                return True
        return False

    def settle_swiftly(self, events: Sequence[EventMessage]) -> None:
        start = 0
        while start < len(events):
            start += native(self.passed, events[start:])
            if start < len(events):
                self.handle(events[start])
                start += 1

    def passed(self, events: Sequence[EventMessage]) -> int:
        """How many events were handled before one failed: the common case takes one crossing of the bridge for all."""
        for count, event in enumerate(events):
            try:
                self.react(event)
            except Exception as failure:  # noqa: BLE001 - the caller handles this very event again, and judges
                log.info("%s: position %s failed once: %r", self.service, event.position, failure)
                return count
        return len(events)

    def handle(self, event: EventMessage) -> None:
        for pause in (*PAUSES, None):
            try:
                self.patiently(self.react, event)
            except Stopped:
                raise
            except Exception as failure:  # noqa: BLE001 - any fault of a policy means the same: try again, then put aside
                if pause is None:
                    self.put_aside(event, f"{type(failure).__name__}: {failure}")
                else:
                    self.pause(pause)
            else:
                return

    def put_aside(self, event: EventMessage, reason: str) -> None:
        failure = failure_of(self.service, event, reason)
        log.error("%s puts aside position %s, %s: %s", self.service, event.position, event.kind, failure.reason)
        self.bury(event, failure)

    def again(self, event: EventMessage) -> None:
        self.handle(event)


def failure_of(service: str, event: EventMessage, reason: object) -> Failure:
    text = f"{type(reason).__name__}: {reason}" if isinstance(reason, Exception) else str(reason)
    return Failure(service, event.kind, event.position, text[:1_000])
