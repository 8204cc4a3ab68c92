"""Follows the log for the database of keys: destroys the keys that the log says are destroyed, and keeps the search index.

How it works
------------
It reads events after the position that the database itself holds, and applies what follows from each page in one transaction with the new
position. So it does nothing twice and misses nothing, whatever dies between two steps; and a database that was restored from a backup
destroys again what was destroyed since the backup.

Several may run: one holds the lease `person keys`. One that has lost it without noticing changes nothing, because the position moved on.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from shared.message import EventMessage, Position
from shared.runtime.leased_worker import POLL_INTERVAL_S, LeasedWorker
from shared.store.port import Checkpoints, EventStore, Held
from shared.trust.personal.key_database import KeyChanges, KeyDatabase
from shared.trust.personal.marks import Personal
from shared.trust.personal.opening import Opening
from shared.trust.personal.search import SearchIndex

NAME = "person_keys"  # of the lease, and of the checkpoint that tells readers of metrics how far it is
PAGE = 1_000
DESTROYED = "intake.PersonKeyDestroyed"


class KeyProjector(LeasedWorker):
    def __init__(self, store: EventStore, checkpoints: Checkpoints, database: KeyDatabase, opening: Opening, index: SearchIndex) -> None:
        super().__init__(NAME, checkpoints)
        self.store = store
        self.database = database
        self.opening = opening
        self.index = index

    def work(self, held: Held) -> None:
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
        for part in up_to_each_destruction(page):
            self.database.apply(self.changes(part), after, part[-1].position)
            after = part[-1].position
        return after

    def changes(self, page: Iterable[EventMessage]) -> KeyChanges:
        destroyed: list[str] = []
        tokens: dict[str, frozenset[str]] = {}
        merged: dict[str, str | None] = {}
        for event in page:
            match event.kind:
                case "intake.PersonKeyDestroyed":
                    destroyed.append(msgspec.json.decode(event.data)["person"])
                case "intake.IdentityRecorded":
                    data = self.opening.opened(event.kind, str(event.id), msgspec.json.decode(event.data), {Personal.IDENTITY})
                    tokens[data["person"]] = self.tokens(data)
                case "intake.PersonsMerged" | "intake.PersonsSeparated":
                    data = msgspec.json.decode(event.data)
                    merged[data["merged"]] = data["kept"] if event.kind == "intake.PersonsMerged" else None
        return KeyChanges(destroyed, tokens, merged)

    def tokens(self, data: dict[str, Any]) -> frozenset[str]:
        """What the person is found by. What cannot be opened any more is a name of nobody."""
        names = [data.get(name) for name in ("given_name", "family_name")]
        phones = [data.get("phone")]
        return self.index.tokens([name for name in names if isinstance(name, str)], [phone for phone in phones if isinstance(phone, str)])


def up_to_each_destruction(page: Sequence[EventMessage]) -> Iterator[Sequence[EventMessage]]:
    """The page in parts: which records are those of a person who is erased, is asked as of that event."""
    start = 0
    for number, event in enumerate(page, 1):
        if event.kind == DESTROYED or number == len(page):
            yield page[start:number]
            start = number
