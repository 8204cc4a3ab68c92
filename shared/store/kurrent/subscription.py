"""Waiting for the end of a KurrentDB log to move: one subscription for all who wait in this process.

The subscription is opened by the first who waits and left when nobody has waited for a while. It ends by itself after half a minute and
whenever the server goes; then it is opened again from the last position that was seen. It only says that there is more: nobody's
checkpoint depends on it. And because a silent connection may be a dead one, whoever waits also looks at the head once a second.
"""

import threading
import time

from kurrentdbclient.exceptions import KurrentDBClientError

from shared.message import START, Position
from shared.store.kurrent.client import KurrentClient

LOOK = 1.0  # seconds between two looks at the head, beside the subscription
LINGER = 30.0  # seconds of one subscription, and of going on when nobody waits
PAUSE = 0.2  # seconds before a lost subscription is opened again


class HeadSubscription:
    def __init__(self, node: KurrentClient) -> None:
        self.node = node
        self.moved = threading.Condition()
        self.last: Position = START
        self.asked = 0.0  # when somebody waited last
        self.running = False
        self.closed = False

    def note(self, position: Position) -> None:
        with self.moved:
            if position > self.last:
                self.last = position
                self.moved.notify_all()

    def wait(self, after: Position, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while self.last <= after:
            self.note(self.node.head())
            left = deadline - time.monotonic()
            if self.last > after or left <= 0:
                break
            with self.moved:
                self.begin()
                if self.last <= after:
                    self.moved.wait(min(left, LOOK))
        return self.last > after

    def begin(self) -> None:
        self.asked = time.monotonic()
        if not self.running and not self.closed:
            self.running = True
            threading.Thread(target=self.run, name="kurrent-watch", daemon=True).start()

    def run(self) -> None:
        try:
            self.follow()
        except BaseException:  # nobody foresaw it: whoever waits next begins again
            with self.moved:
                self.running = False
            raise

    def follow(self) -> None:
        while self.wanted():
            try:
                with self.node.follow(self.last, LINGER) as events:
                    for event in events:
                        self.note(event.commit_position)
            except (KurrentDBClientError, ValueError):  # its time is over, the server went, or the channel was closed
                time.sleep(PAUSE)

    def wanted(self) -> bool:
        with self.moved:
            self.running = not self.closed and time.monotonic() - self.asked < LINGER
            return self.running

    def close(self) -> None:
        with self.moved:
            self.closed = True
            self.moved.notify_all()
