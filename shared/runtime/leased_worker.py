"""What one process at a time does, in a native thread: it waits for a lease, works while it is held, and waits while servers are away."""

import logging
import threading
from abc import ABC, abstractmethod

from shared.errors import Damaged, Unavailable
from shared.metrics import LEASE_HELD
from shared.runtime.backoff import Backoff
from shared.store.port import Checkpoints, Held

log = logging.getLogger(__name__)

POLL_INTERVAL_S = 1.0  # the longest wait for an event, or for the lease, before the loop looks whether it must stop


class LeasedWorker(ABC):
    """`name` is that of the lease. `waiting_for` names the fault that is waited for to pass."""

    def __init__(self, name: str, checkpoints: Checkpoints) -> None:
        self.name = name
        self.checkpoints = checkpoints
        self.stopping = threading.Event()
        self.waiting_for = ""
        self.backoff = Backoff()

    def run(self) -> None:
        """Work until `stop` is called. Waits while servers are away; raises other exceptions, and Damaged, which no waiting mends."""
        while not self.stopping.is_set():
            try:
                self.run_with_lease()
            except Damaged:
                raise
            except Unavailable as fault:
                log.warning("%s: waiting for its servers: %s", self.name, fault)
                self.waiting_for = type(fault).__name__
                self.stopping.wait(self.backoff.next_delay())

    def stop(self) -> None:
        self.stopping.set()

    def run_with_lease(self) -> None:
        """Wait for the lease, at most POLL_INTERVAL_S, and work while it is held."""
        with self.checkpoints.lease(self.name, POLL_INTERVAL_S) as held:
            self.waiting_for = ""
            LEASE_HELD.labels(self.name).set(bool(held))
            try:
                if held:
                    self.work(held)
            finally:
                LEASE_HELD.labels(self.name).set(0)

    @abstractmethod
    def work(self, held: Held) -> None:
        """Work while `held`, and until `stopping` is set."""
