"""What sends webhooks: one process at a time, which holds a lease, with a thread for each webhook that is served.

How it works
------------
`run` repeats this until `stop` is called: take the lease `webhooks`, or try again; then follow the log to its end, start a thread for
each webhook that has none, and wake all threads when the log has more. A thread repeats the steps of its `Sender`. What one receiver
does, or does not do, is felt by no other thread.

Nothing here knows the broker: what is recorded is sent while the broker is away, too.

A process that dies loses the lease with its life. One that loses it otherwise makes no further attempt; the attempts under way end, and
the next holder may make them as well, under the same ids.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping

from services.webhooks.delivery.index import NAME, Index, served
from services.webhooks.delivery.sender import Deleted, Parts, Sender
from shared.errors import Unavailable
from shared.runtime.backoff import Backoff
from shared.runtime.leased_worker import POLL_INTERVAL_S, LeasedWorker
from shared.store.port import Checkpoints, Held

log = logging.getLogger(__name__)

IDLE_S = 60.0  # the longest wait of a thread that nothing wakes
STOP_S = 5.0  # for which the attempts under way are waited for


class SenderThread(threading.Thread):
    """Repeats the steps of one sender until it is told to end, or its webhook is deleted."""

    def __init__(self, sender: Sender) -> None:
        super().__init__(name=f"webhook {sender.webhook}", daemon=True)
        self.sender = sender
        self.woken = threading.Event()
        self.ending = threading.Event()
        self.backoff = Backoff()

    def run(self) -> None:
        while not self.ending.is_set():
            try:
                wait = self.sender.step()
                self.backoff.reset()
            except Deleted:
                return
            except Unavailable as fault:
                log.warning("the webhook %s waits for its servers: %s", self.sender.webhook, fault)
                wait = self.backoff.next_delay()
            except Exception:  # a defect that one webhook meets must not stop the others
                log.exception("the webhook %s failed, and is tried again", self.sender.webhook)
                wait = self.backoff.next_delay()
            if wait != 0:
                self.woken.wait(IDLE_S if wait is None else min(wait, IDLE_S))
                self.woken.clear()

    def wake(self) -> None:
        self.woken.set()

    def end(self) -> None:
        self.ending.set()
        self.woken.set()


class Worker(LeasedWorker):
    def __init__(self, checkpoints: Checkpoints, index: Index, parts: Parts) -> None:
        super().__init__(NAME, checkpoints)
        self.index = index
        self.parts = parts

    def work(self, held: Held) -> None:
        threads: dict[str, SenderThread] = {}
        try:
            while held and not self.stopping.is_set():
                position = self.index.catch_up(held)
                self.start_missing(threads, lambda: bool(held) and not self.stopping.is_set())
                for thread in threads.values():
                    thread.wake()
                self.waiting_for = ""
                self.backoff.reset()
                self.wait_for_event(position, held)
        finally:
            self.end(threads)

    def wait_for_event(self, position: int, held: Held) -> None:
        while held and not self.stopping.is_set() and not self.parts.store.wait(position, POLL_INTERVAL_S):
            pass

    def start_missing(self, threads: dict[str, SenderThread], may_send: Callable[[], bool]) -> None:
        """Start a thread for each webhook that is served and has none; forget those that have ended."""
        for webhook in [webhook for webhook, thread in threads.items() if not thread.is_alive()]:
            del threads[webhook]
        for webhook in served(self.parts.deliveries.webhooks()):
            if webhook not in threads:
                threads[webhook] = SenderThread(Sender(webhook, self.parts, may_send))
                threads[webhook].start()

    def end(self, threads: Mapping[str, SenderThread]) -> None:
        """Tell all threads to end, and wait for them a little: an attempt that is noted is not made again."""
        for thread in threads.values():
            thread.end()
        until = time.monotonic() + STOP_S
        for thread in threads.values():
            thread.join(max(0.0, until - time.monotonic()))
