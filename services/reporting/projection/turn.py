"""When a process of reporting may answer: of several versions that run at the same time, one answers.

How it works
------------
Two releases that fold differently have tables of their own, and may give different figures for the same events. If both answered, a
reader would see them alternate, and a position that was waited for at one would not be reached at the other. So a process takes no
request (`shared.bus.nameko.queue_consumer`) before it is its turn; requests wait in the queue for it, or go to the others:

1. Its tables have reached the head of the log at its start. While nobody else answers it also answers if its projection cannot go on:
   it shows what it has, as of its position.
2. Nobody of another version answers: their leases are free. It looks twice, and reaches the head of the log in between, so that no
   reader goes back in time.
3. From then on it answers, whoever comes later, and holds the lease `reporting.answers.<digest>`, or another process of its version
   does. The lease `reporting.turn` covers the decision, so that of two versions that start together one begins.

So the switch from one release to the next is the end of the last process of the older one. A projector of a release before
generations holds `reporting.inbox`, and answers.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack

from services.reporting.projection.generations import UNNAMED, Generation, Generations, lease
from shared.errors import Unavailable
from shared.message import Position
from shared.store.port import Checkpoints, Held

log = logging.getLogger(__name__)

POLL_INTERVAL_S = 0.25
LEASE_TIMEOUT_S = 1.0
DECIDING = "reporting.turn"


class Turn:
    """`position` is that of our tables, `stuck` tells whether the projection cannot go on. `alone` if no other process can answer."""

    def __init__(
        self,
        generations: Generations,
        checkpoints: Checkpoints,
        position: Callable[[], Position],
        head: Callable[[], Position],
        stuck: Callable[[], bool],
        *,
        alone: bool = False,
    ) -> None:
        self.generations, self.checkpoints = generations, checkpoints
        self.position, self.head, self.stuck = position, head, stuck
        self.stopping = threading.Event()
        self.begun = threading.Event()
        self.alone = alone
        self.target: Position | None = None  # the position to reach first
        self.looked = False  # nobody else answered when it last looked
        self.told = False

    def may_answer(self) -> bool:
        return self.alone or self.begun.is_set()

    def run(self) -> None:
        """In a native thread, until `stop` is called."""
        while not (self.alone or self.stopping.is_set()):
            try:
                self.step()
            except Unavailable as fault:
                log.info("reporting waits for its turn: %s", fault)
            self.stopping.wait(POLL_INTERVAL_S)

    def stop(self) -> None:
        self.stopping.set()

    def step(self) -> None:
        """Begin to answer if it is time; and once it has begun, hold the lease that says so, or wait for it."""
        if self.begun.is_set():
            with self.checkpoints.lease(answers(self.generations.own), LEASE_TIMEOUT_S) as held:
                self.hold(held)
            return
        if self.target is None:
            self.target = self.head()
        ready = self.reached()
        if not (ready or self.stuck()):
            return
        with ExitStack() as leases:
            with self.checkpoints.lease(DECIDING, LEASE_TIMEOUT_S) as deciding:
                held = leases.enter_context(self.checkpoints.lease(answers(self.generations.own), 0)) if deciding else False
                if not deciding or (held and not self.is_our_turn(ready=ready)):
                    return
                self.begun.set()
            self.hold(held)

    def reached(self) -> bool:
        try:
            return self.position() >= (self.target or 0)
        except Unavailable:
            return False

    def is_our_turn(self, *, ready: bool) -> bool:
        """Called while we alone decide, and nobody of our version answers yet."""
        generations = self.generations.others()
        others = [each.name for each in generations if self.answering(each)]
        if others:
            if ready and not self.told:
                log.warning("The read models of this version are ready; it answers when version %s does not any more.", ", ".join(others))
            self.looked, self.told = False, ready
            return False
        if self.looked or not ready or not generations:
            return True
        self.looked, self.target = True, self.head()
        return False

    def answering(self, generation: Generation) -> bool:
        name = lease(UNNAMED) if generation.name == UNNAMED else answers(generation.name)
        with self.checkpoints.lease(name, 0) as unused:
            return not unused

    def hold(self, held: Held) -> None:
        while held and not self.stopping.wait(POLL_INTERVAL_S):
            pass


def answers(name: str) -> str:
    """The lease of those that answer from a generation."""
    return f"reporting.answers.{name}"
