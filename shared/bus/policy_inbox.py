"""An inbox whose effect is what policies ask: commands, which are recorded once however often they are asked."""

import logging
from collections.abc import Callable, Collection, Sequence
from itertools import count

from shared.bus.checkpoint import CachedCheckpoint
from shared.bus.inbox import PAGE, Failure, Inbox, Stopped, failure_of
from shared.errors import Unavailable
from shared.message import EventMessage, Position
from shared.runtime.native_threads import green_only, native
from shared.store.port import Checkpoints, EventStore

green_only(__name__)
log = logging.getLogger(__name__)

ATTEMPTS = 5
PAUSES = (0.05, 0.1, 0.2, 0.4)  # seconds before the second attempt, the third…


class PolicyInbox(Inbox):
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
        self.kept = CachedCheckpoint(checkpoints, self.lease)
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
        attempt = self.patiently(self.attempt_at, event.position)
        if attempt is None:
            self.put_aside(event, f"The process died in each of {ATTEMPTS} attempts.")
        else:
            self.attempt(event, attempt)
        self.kept.moved(event.position)
        self.patiently(self.kept.save)

    def attempt(self, event: EventMessage, number: int) -> None:
        try:
            self.handle(event)
        except Stopped:
            self.give_back(event.position, number)
            raise

    def attempt_at(self, position: Position) -> int | None:
        """The number of the next attempt, written down; None when the process died in too many."""
        deaths = 0
        for number in count(1):
            if self.checkpoints.load(self.mark(number)) < position:
                self.checkpoints.save(self.mark(number), position)
                return number
            deaths += self.checkpoints.load(self.mark(number, "returned")) < position
            if deaths == ATTEMPTS:
                return None
        return None

    def give_back(self, position: Position, number: int) -> None:
        """Who is told to stop while an event waits, for a server or its next attempt, did not die of it."""
        try:
            native(self.checkpoints.save, self.mark(number, "returned"), position)
        except Unavailable as fault:
            log.warning("%s: its stop at position %s will count as a death: %s", self.service, position, fault)

    def mark(self, number: int, what: str = "attempt") -> str:
        return f"{self.lease}.{what}{number}"

    def settle_swiftly(self, events: Sequence[EventMessage]) -> None:
        start = 0
        while start < len(events):
            start += native(self.passed, events[start:])
            if start < len(events):
                self.handle(events[start])
                start += 1

    def passed(self, events: Sequence[EventMessage]) -> int:
        """How many events were handled before one failed: the common case takes one crossing of the bridge for all."""
        for handled, event in enumerate(events):
            try:
                self.react(event)
            except Exception as failure:  # noqa: BLE001 - the caller handles this very event again, and judges
                log.info("%s: position %s failed once: %r", self.service, event.position, failure)
                return handled
        return len(events)

    def handle(self, event: EventMessage) -> None:
        for pause in (*PAUSES, None):
            try:
                self.patiently(self.react, event)
            except Stopped:
                raise
            except Exception as failure:  # noqa: BLE001 - any fault of a policy means the same: try again, then put aside
                if pause is None:
                    self.put_aside(event, failure)
                else:
                    self.pause(pause)
            else:
                return

    def put_aside(self, event: EventMessage, reason: Exception | str) -> None:
        failure = failure_of(self.service, event, reason)
        cause = reason if isinstance(reason, Exception) else None
        log.error("%s puts aside position %s, %s: %s", self.service, event.position, event.kind, failure.reason, exc_info=cause)
        self.bury(event, failure)

    def again(self, event: EventMessage) -> None:
        self.handle(event)
