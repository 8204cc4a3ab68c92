"""A lease as its holder sees it, whatever keeps it: it expires unless the holder shows again and again that it is at work.

How it works
------------
A thread of the holder shows it every BEAT_INTERVAL_S. Nobody may take the lease within LEASE_S after that, and the holder itself counts
from before it showed it, so it takes a lease for lost no later than others may take it. A holder that is frozen shows nothing, and the
thread freezes with it: another process takes the lease, and what the first one finds when it goes on is that its time is over.

That is not enough. A holder may be frozen between looking at its lease and what it does next. Therefore each lease that is given carries a
token, greater than all before under the same name, and `Checkpoints.save` refuses a token that is not the last.
"""

import threading
import time
from collections.abc import Callable

from shared.errors import Unavailable

LEASE_S = 5.0  # without a beat, after which others may take it
BEAT_INTERVAL_S = 1.0


class Lease:
    """True while it is held. `beat` shows that the holder is at work, and raises Unavailable when the lease is gone.

    `since` is a time, of `time.monotonic`, at which it was surely held.
    """

    def __init__(self, name: str, token: int, beat: Callable[[], None], since: float) -> None:
        self.name = name
        self.token = token
        self.beat = beat
        self.until = since + LEASE_S
        self.lost = False
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, name=f"lease {name}", daemon=True)

    def __bool__(self) -> bool:
        return not self.lost and time.monotonic() < self.until

    def start(self) -> None:
        self.thread.start()

    def end(self) -> None:
        self.lost = True
        self.ended.set()
        self.thread.join()

    def run(self) -> None:
        while not self.ended.wait(BEAT_INTERVAL_S):
            now = time.monotonic()
            try:
                self.beat()
            except Unavailable:
                self.lost = True
                return
            self.until = now + LEASE_S


def lost(name: str) -> Unavailable:
    return Unavailable(f"the lease {name} was lost")
