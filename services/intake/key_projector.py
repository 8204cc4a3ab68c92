"""Follows the log for the database of keys: destroys the keys that the log says are destroyed, and keeps the search index.

How it works
------------
It reads events after the position that the database itself holds, and applies what follows from each page in one transaction with the new
position. So it does nothing twice and misses nothing, whatever dies between two steps; and a database that was restored from a backup
destroys again what was destroyed since the backup.

Several may run: one holds the lease `person keys`. One that has lost it without noticing changes nothing, because the position moved on.
"""

import logging
import threading
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from shared.errors import Damaged, Unavailable
from shared.message import EventMessage, Position
from shared.metrics import LEASE_HELD
from shared.runtime.backoff import Backoff
from shared.store.port import Checkpoints, EventStore, Held
from shared.trust.personal.key_database import KeyChanges, KeyDatabase
from shared.trust.personal.marks import Personal
from shared.trust.personal.opening import Opening
from shared.trust.personal.search import SearchIndex

log = logging.getLogger(__name__)

NAME = "person_keys"  # of the lease, and of the checkpoint that tells readers of metrics how far it is
POLL_INTERVAL_S = 1.0  # the longest wait for an event, or for the lease, before the loop looks whether it must stop
PAGE = 1_000
DESTROYED = "intake.PersonKeyDestroyed"
IDENTIFIED = "intake.IdentityRecorded"


class KeyProjector:
    """`run` follows the log until `stop` is called, in a native thread. `waiting_for` names the fault that is waited for to pass."""

    def __init__(self, store: EventStore, checkpoints: Checkpoints, database: KeyDatabase, opening: Opening, index: SearchIndex) -> None:
        self.store = store
        self.checkpoints = checkpoints
        self.database = database
        self.opening = opening
        self.index = index
        self.stopping = threading.Event()
        self.waiting_for = ""
        self.backoff = Backoff()

    def run(self) -> None:
        """Waits while servers are away; raises other exceptions, and Damaged, which no waiting mends."""
        while not self.stopping.is_set():
            try:
                self.run_with_lease()
            except Damaged:
                raise
            except Unavailable as fault:
                log.warning("the keys of persons wait for their servers: %s", fault)
                self.waiting_for = type(fault).__name__
                self.stopping.wait(self.backoff.next_delay())

    def stop(self) -> None:
        self.stopping.set()

    def run_with_lease(self) -> None:
        """Wait for the lease, at most POLL_INTERVAL_S, and follow the log while it is held."""
        with self.checkpoints.lease(NAME, POLL_INTERVAL_S) as held:
            self.waiting_for = ""
            LEASE_HELD.labels(NAME).set(bool(held))
            try:
                if held:
                    self.follow(held)
            finally:
                LEASE_HELD.labels(NAME).set(0)

    def follow(self, held: Held) -> None:
        position = self.database.position()
        while held and not self.stopping.is_set():
            page = self.store.read_all(position, PAGE)
            if page:
                position = self.apply(page, position)
                self.checkpoints.save(NAME, position, held)
                self.backoff.reset()
            else:
                self.store.wait(position, POLL_INTERVAL_S)

    def catch_up(self) -> None:
        """Follow the log to its end, without a lease: for whoever is alone."""
        position = self.database.position()
        while page := self.store.read_all(position, PAGE):
            position = self.apply(page, position)

    def apply(self, page: Sequence[EventMessage], after: Position) -> Position:
        self.database.apply(self.changes(page), after, page[-1].position)
        return page[-1].position

    def changes(self, page: Iterable[EventMessage]) -> KeyChanges:
        destroyed: list[str] = []
        tokens: dict[str, frozenset[str]] = {}
        for event in page:
            if event.kind == DESTROYED:
                destroyed.append(msgspec.json.decode(event.data)["person"])
            elif event.kind == IDENTIFIED:
                data = self.opening.opened(event.kind, str(event.id), msgspec.json.decode(event.data), {Personal.IDENTITY})
                tokens[data["person"]] = self.tokens(data)
        return KeyChanges(destroyed, tokens)

    def tokens(self, data: dict[str, Any]) -> frozenset[str]:
        """What the person is found by. What cannot be opened any more is a name of nobody."""
        names = [data.get(name) for name in ("given_name", "family_name")]
        phones = [data.get("phone")]
        return self.index.tokens([name for name in names if isinstance(name, str)], [phone for phone in phones if isinstance(phone, str)])
