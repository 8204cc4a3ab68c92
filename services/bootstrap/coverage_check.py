"""Checks again and again, in the background, that consumers have applied every event once: `parcours audit coverage` for metrics.

One process checks those whose checkpoints are beside the log, that of the relay; one of reporting checks its read models. The whole log is
read each time, in pages with rests, so that a check takes a small part of one processor, and the next one waits for a multiple of the time
that it took.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable

from services.bootstrap.composition import Components
from services.bootstrap.consumers import beside_log, of_reporting
from shared.errors import Unavailable
from shared.metrics import COVERAGE_CHECKED, COVERAGE_FAULTS, LEASE_HELD
from shared.proof.coverage_audit import Consumer, CoverageFault, Reading, audited
from shared.store.deliveries import WEBHOOK
from shared.store.port import Checkpoints, Held
from shared.store.stored import Log

log = logging.getLogger(__name__)

BESIDE_LOG, OF_REPORTING = "coverage", "coverage.reporting"  # the leases
POLL_INTERVAL_S = 1.0  # the longest wait for the lease, before the loop looks whether it must stop
MIN_INTERVAL_S = 60.0  # between two checks
SHARE = 0.005  # of one processor, which checks may take
REST = 19  # times as long as reading a page took, between two pages


class CoverageCheck:
    """`run` checks until `stop` is called, in a native thread."""

    def __init__(self, name: str, store: Log, checkpoints: Checkpoints, consumers: Callable[[], Iterable[Consumer]]) -> None:
        self.name = name
        self.store = store
        self.checkpoints = checkpoints
        self.consumers = consumers
        self.stopping = threading.Event()
        self.spent = 0.0  # seconds of processor time, of the last check
        self.labels: set[str] = set()  # of the metrics that were set
        self.told: frozenset[tuple[str, str]] = frozenset()

    def run(self) -> None:
        while not self.stopping.is_set():
            try:
                self.run_with_lease()
            except Unavailable as fault:
                log.info("coverage is checked later: %s", fault)
                self.stopping.wait(POLL_INTERVAL_S)
            except Exception:  # a defect of the check must not stop what it checks
                log.exception("coverage could not be checked, and is tried again")
                self.stopping.wait(MIN_INTERVAL_S)

    def stop(self) -> None:
        self.stopping.set()

    def run_with_lease(self) -> None:
        with self.checkpoints.lease(self.name, POLL_INTERVAL_S) as held:
            LEASE_HELD.labels(self.name).set(bool(held))
            try:
                while held and not self.stopping.is_set():
                    self.check()
                    self.wait(held)
            finally:
                LEASE_HELD.labels(self.name).set(0)
                self.forget()

    def wait(self, held: Held) -> None:
        until = time.monotonic() + max(MIN_INTERVAL_S, self.spent / SHARE)
        while held and not self.stopping.is_set() and time.monotonic() < until:
            self.stopping.wait(POLL_INTERVAL_S)

    def check(self) -> None:
        """Check once, and tell of what is wrong."""
        started = page = time.thread_time()

        def rest() -> None:
            nonlocal page
            self.stopping.wait(REST * (time.thread_time() - page))
            page = time.thread_time()

        consumers = [*self.consumers()]  # before the head of the log
        found = audited(Reading(self.store, rest), self.store.head(), consumers)
        self.spent = time.thread_time() - started
        self.show(counted(found))
        self.tell(found)

    def show(self, counts: dict[str, int]) -> None:
        for name in self.labels - counts.keys():  # its webhook was deleted
            COVERAGE_FAULTS.remove(name)
        for name, count in counts.items():
            COVERAGE_FAULTS.labels(name).set(count)
        self.labels = {*counts}
        COVERAGE_CHECKED.labels(self.name).set_to_current_time()

    def forget(self) -> None:
        """What a process says that checks no more is not true any more."""
        for name in self.labels:
            COVERAGE_FAULTS.remove(name)
        self.labels = set()

    def tell(self, found: dict[str, list[CoverageFault]]) -> None:
        """Log what is wrong, once."""
        faults = frozenset((name, fault.text) for name, each in found.items() for fault in each)
        for name, text in sorted(faults - self.told):
            log.error("%s: %s (parcours audit coverage)", name, text)
        self.told = faults


def counted(found: dict[str, list[CoverageFault]]) -> dict[str, int]:
    """How much is wrong, by consumer; webhooks are one, as their ids are not for metrics."""
    counts: dict[str, int] = {}
    for name, faults in found.items():
        label = WEBHOOK if name.startswith(f"{WEBHOOK} ") else name
        counts[label] = counts.get(label, 0) + len(faults)
    return counts


def check_beside_log(components: Components) -> CoverageCheck:
    return CoverageCheck(BESIDE_LOG, components.raw_store, components.checkpoints, lambda: beside_log(components))


def check_of_reporting(components: Components) -> CoverageCheck:
    return CoverageCheck(OF_REPORTING, components.raw_store, components.checkpoints, lambda: of_reporting(components))
