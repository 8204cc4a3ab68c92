"""Waiting until the head of a KurrentDB log moves: one subscription for all waiting threads of this process.

How it works
------------
KurrentDB can push events to a client. One background thread subscribes to the log and notes the position of each event that arrives;
threads that call `wait` sleep on a condition until that position is greater than theirs. Appends of this process are noted too, without
the way through the server.

The background thread starts with the first `wait`. Each subscription ends after SUBSCRIPTION_LIFETIME_S, or when the server goes away,
and is opened again from the last position noted, as long as somebody has waited within that time; then the thread ends. If the thread
dies of an unexpected error, the next `wait` starts another one.

The subscription only says that there is more to read. No checkpoint depends on it, so a lost event does no harm. A connection that
receives nothing may be a dead one, so a waiting thread also reads the head every HEAD_POLL_INTERVAL_S.
"""

import threading
import time

from kurrentdbclient.exceptions import KurrentDBClientError

from shared.message import START, Position
from shared.store.kurrent.client import KurrentClient

HEAD_POLL_INTERVAL_S = 1.0  # beside the subscription
SUBSCRIPTION_LIFETIME_S = 30.0  # of one subscription, and of the thread after the last `wait`
RESUBSCRIBE_DELAY_S = 0.2


class HeadSubscription:
    """Block threads until the log has more events."""

    def __init__(self, client: KurrentClient) -> None:
        self.client = client
        self.moved = threading.Condition()
        self.last_seen: Position = START
        self.last_wait_at = 0.0  # of time.monotonic
        self.running = False
        self.closed = False

    def note(self, position: Position) -> None:
        """An event is known to be at this position."""
        with self.moved:
            if position > self.last_seen:
                self.last_seen = position
                self.moved.notify_all()

    def wait(self, after: Position, timeout: float) -> bool:
        """Block until an event is after position `after`; return False if none is within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while self.last_seen <= after:
            self.note(self.client.head())
            remaining = deadline - time.monotonic()
            if self.last_seen > after or remaining <= 0:
                break
            with self.moved:
                self.ensure_running()
                if self.last_seen <= after:
                    self.moved.wait(min(remaining, HEAD_POLL_INTERVAL_S))
        return self.last_seen > after

    def ensure_running(self) -> None:
        """Start the background thread unless it runs. The caller holds the condition's lock."""
        self.last_wait_at = time.monotonic()
        if not self.running and not self.closed:
            self.running = True
            threading.Thread(target=self.run, name="kurrent-watch", daemon=True).start()

    def run(self) -> None:
        try:
            self.follow()
        except BaseException:  # unexpected: let the next `wait` start another thread
            with self.moved:
                self.running = False
            raise

    def follow(self) -> None:
        while self.is_wanted():
            try:
                with self.client.subscribe(self.last_seen, SUBSCRIPTION_LIFETIME_S) as events:
                    for event in events:
                        self.note(event.commit_position)
            except (KurrentDBClientError, ValueError):  # its time is over, the server went away, or the channel was closed
                time.sleep(RESUBSCRIBE_DELAY_S)

    def is_wanted(self) -> bool:
        """Whether somebody has waited lately. If not, the thread is marked as ended, under the lock, before it ends."""
        with self.moved:
            self.running = not self.closed and time.monotonic() - self.last_wait_at < SUBSCRIPTION_LIFETIME_S
            return self.running

    def close(self) -> None:
        with self.moved:
            self.closed = True
            self.moved.notify_all()
