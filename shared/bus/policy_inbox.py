"""The inbox of policies: each event may lead to commands, which the log records once, however often they are given.

How it works
------------
The effect of an event (the commands of its policies) and the checkpoint are separate commits. The effect comes first. After a crash in
between, the event is handled again: the policies give the same commands with the same ids, and their results are in the log already.

*A failure.* An event whose policies fail is tried MAX_ATTEMPTS times in all, with the pauses of RETRY_DELAYS_S. Then it is put in the
dead letters with its reason, and the inbox goes on with the next event: one bad event must not stop the others. A server that is away
is no failure. It is waited for without limit.

*A crash.* An event may also kill the process, for example through a defect in a driver. Then no process is left to count the attempts. So
after each start the first PAGE_SIZE events are handled with an attempt log (`handle_with_attempt_log`): before attempt n, the checkpoint
`<service>.inbox.attempt<n>` is saved at the event's position. On the next start, those checkpoints show how often the event was tried.
After MAX_ATTEMPTS deaths it becomes a dead letter without another attempt. A clean stop during an attempt is no death: it saves
`<service>.inbox.returned<n>` as well, and such an attempt is not counted.

*The common case.* Later events are handled as a batch (`handle_as_batch`): one switch to a native thread for all of them. If one fails,
it is handled alone with its attempts, and the batch goes on after it.

*Events of other kinds* (`kinds`) are only passed. They advance the checkpoint in memory, which is saved now and then, and when the
inbox is idle.

*Coverage.* With the checkpoint is saved to which events the policies have reacted (`shared.coverage`), dead letters among them.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from itertools import count

from msgspec.structs import replace

from shared.bus.checkpoint import CachedCheckpoint, check_held
from shared.bus.inbox import PAGE_SIZE, Failure, Inbox, Stopped, failure_of
from shared.bus.topology import PROCESS_DIED
from shared.errors import Unavailable
from shared.message import EventMessage, Position
from shared.runtime.native_threads import green_only, native
from shared.store.port import Checkpoints, EventStore
from shared.time import now

green_only(__name__)
log = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
RETRY_DELAYS_S = (0.05, 0.1, 0.2, 0.4)  # before the second attempt, the third…


class PolicyInbox(Inbox):
    """Calls `react` with each event of the `kinds` (None for all), in a native thread.

    The consumer sets `publish_dead_letter`, which makes the event of a failure a dead letter durably.
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
        self.cached_checkpoint = CachedCheckpoint(checkpoints, self.lease, kinds)
        self.publish_dead_letter: Callable[[EventMessage, Failure], None] = lambda event, failure: None
        self.attempts_to_log = PAGE_SIZE  # events that are still to be handled with the attempt log

    def load_checkpoint(self) -> Position:
        self.cached_checkpoint.held = self.held
        return self.cached_checkpoint.load_covered()

    def handle_batch(self, events: Sequence[EventMessage]) -> None:
        start = 0
        for index, event in enumerate(events):
            if self.attempts_to_log and self.concerns(event):
                self.handle_with_attempt_log(events[start : index + 1])
                start = index + 1
        others = events[start:]
        handled = self.handle_as_batch([event for event in others if self.concerns(event)])
        if others:
            self.cached_checkpoint.apply(others, handled)
        if handled or self.cached_checkpoint.save_due:
            self.call_until_available(self.cached_checkpoint.save)

    def concerns(self, event: EventMessage) -> bool:
        return self.kinds is None or event.kind in self.kinds

    def flush(self) -> None:
        self.call_until_available(self.cached_checkpoint.save)

    def redeliver(self, event: EventMessage) -> None:
        self.handle_with_retries(event)
        self.cached_checkpoint.apply_late(event)
        self.flush()

    # After a start: attempts are logged ---------------------------------------------------------------------------------

    def handle_with_attempt_log(self, events: Sequence[EventMessage]) -> None:
        """Handle the last of these events. The others do not concern this inbox."""
        event = events[-1]
        self.attempts_to_log -= 1
        attempt = self.call_until_available(self.begin_attempt, event.position)
        if attempt is None:
            self.dead_letter(event, f"{PROCESS_DIED} {MAX_ATTEMPTS} attempts.")
        else:
            self.run_attempt(event, attempt)
        self.cached_checkpoint.apply(events, [event.position])
        self.call_until_available(self.cached_checkpoint.save)

    def begin_attempt(self, position: Position) -> int | None:
        """Log the next attempt at an event and return its number; None when the process died in MAX_ATTEMPTS. Blocks."""
        deaths = 0
        for number in count(1):
            if self.checkpoints.load(self.attempt_checkpoint(number)) < position:
                self.checkpoints.save(self.attempt_checkpoint(number), position, self.held)
                return number
            deaths += self.checkpoints.load(self.attempt_checkpoint(number, "returned")) < position
            if deaths == MAX_ATTEMPTS:
                return None
        return None

    def run_attempt(self, event: EventMessage, number: int) -> None:
        try:
            self.handle_with_retries(event)
        except Stopped:
            self.log_clean_stop(event.position, number)
            raise

    def log_clean_stop(self, position: Position, number: int) -> None:
        """A clean stop during an attempt must not count as a death."""
        try:
            native(self.checkpoints.save, self.attempt_checkpoint(number, "returned"), position)
        except Unavailable as fault:
            log.warning("%s: its stop at position %s will count as a death: %s", self.service, position, fault)

    def attempt_checkpoint(self, number: int, event: str = "attempt") -> str:
        """The name of the checkpoint that logs the beginning of an attempt, or its clean stop ("returned")."""
        return f"{self.lease}.{event}{number}"

    # Later: events are handled as a batch -------------------------------------------------------------------------------

    def handle_as_batch(self, events: Sequence[EventMessage]) -> list[Position]:
        """Handle events; returns where those are that were handled."""
        handled: list[Position] = []
        while len(handled) < len(events):
            handled += native(self.react_until_failure, events[len(handled) :])
            if len(handled) < len(events):
                event = events[len(handled)]
                self.handle_with_retries(event)
                handled.append(event.position)
        return handled

    def react_until_failure(self, events: Sequence[EventMessage]) -> list[Position]:
        """React to events until one fails; returns where those are that were handled. Blocks."""
        handled: list[Position] = []
        for event in events:
            try:
                self.react(event)
            except Exception as failure:  # noqa: BLE001 - whatever it is, the caller tries this event again and judges it
                log.info("%s: position %s failed once: %r", self.service, event.position, failure)
                return handled
            handled.append(event.position)
        return handled

    # One event ----------------------------------------------------------------------------------------------------------

    def handle_with_retries(self, event: EventMessage) -> None:
        """React to one event, several times if need be. When this returns, it was handled or is a dead letter."""
        first_failed_at = None
        for delay in (*RETRY_DELAYS_S, None):
            try:
                self.call_until_available(self.react, event)
            except Stopped:
                raise
            except Exception as failure:  # noqa: BLE001 - any failure of a policy means the same: try again, then dead letter
                first_failed_at = first_failed_at or now().isoformat()
                if delay is None:
                    self.dead_letter(event, failure, first_failed_at)
                else:
                    self.pause(delay)
            else:
                return

    def dead_letter(self, event: EventMessage, reason: Exception | str, first_failed_at: str | None = None) -> None:
        tried = {"attempts": MAX_ATTEMPTS, "first_failed_at": first_failed_at, "last_failed_at": now().isoformat()}
        failure = replace(failure_of(self.service, event, reason), **tried)
        cause = reason if isinstance(reason, Exception) else None
        check_held(self.held, self.lease)
        log.error("%s: dead letter at position %s, %s: %s", self.service, event.position, event.kind, failure.reason, exc_info=cause)
        self.publish_dead_letter(event, failure)
