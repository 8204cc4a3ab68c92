"""Blocking code as adapters contain it: locks of the standard library, waits in C, a log on disk. It knows nothing of green threads."""

import logging
import threading
import time
from uuid import uuid4

from msgspec import Raw

from shared.message import PREFIX, Actor, EventBody, encode
from shared.store.port import NewEvent
from shared.store.sqlite.checkpoints import SqliteCheckpoints
from shared.store.sqlite.store import SqliteStore
from shared.time import now

__all__ = ["Slow", "SqliteCheckpoints", "SqliteStore", "new_event"]


class Slow:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = 0

    def wait(self, seconds: float) -> int:
        time.sleep(seconds)
        with self.lock:
            time.sleep(0.001)  # so that several threads contend for the lock
            self.count += 1
            return self.count

    def log(self, lines: int) -> None:
        for _ in range(lines):
            logging.getLogger("native").warning("one line")


def new_event(kind: str = "coaching.JourneyOpened") -> NewEvent:
    id = uuid4()
    body = EventBody(
        id=id,
        type=f"{PREFIX}{kind}",
        source="/parcours/coaching",
        subject="journey-p",
        time=now(),
        dataschema=f"urn:parcours:{kind}:1",
        territory="alencon",
        actor=Actor("c", "coach"),
        commandid=uuid4(),
        data=Raw(b'{"person":"p"}'),
    )
    return NewEvent(id, body.type, encode(body))
