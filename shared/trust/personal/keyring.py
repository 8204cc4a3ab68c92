"""The keys of persons, as they are used: unwrapped, and kept for some seconds.

How it works
------------
The first time that a field of a person is protected, the key is made, wrapped under the key-encryption key, and stored. It is durable
before anything is recorded under it. Several processes may do so at once: the row that is there first is the key, and all read it back.

A key is used for KEPT_S seconds after it was read, so that a destroyed one opens nothing soon after; at most MAX_KEPT are in memory, and
those whose time is over go when another is read.
"""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from shared.errors import KeysUnavailable, Refused, Unavailable
from shared.trust.personal.cipher import Unreadable, new_key
from shared.trust.personal.key_database import KeyDatabase
from shared.trust.personal.key_wrapping import Wrapper

log = logging.getLogger(__name__)

KEPT_S = 30.0
MAX_KEPT = 10_000
DAMAGED = b""  # in the place of a key that cannot be unwrapped


class Keyring:
    """`clock` gives seconds, and never goes back."""

    def __init__(self, database: KeyDatabase, wrapper: Wrapper, clock: Callable[[], float]) -> None:
        self.database = database
        self.wrapper = wrapper
        self.clock = clock
        self.kept: dict[str, tuple[bytes | None, float]] = {}
        self.swept_at = clock()

    def for_writing(self, person: str) -> bytes:
        """The key of a person, made if they have none.

        Raises:
            Refused: `person_erased`: it was destroyed.
            KeysUnavailable: the database cannot be reached, or the key is damaged.
        """
        self.prepare([person])
        key = self.for_reading(person)
        if key is None:
            raise Refused("person_erased")
        if key == DAMAGED:
            raise KeysUnavailable(f"the key of {person} cannot be read")
        return key

    def for_reading(self, person: str) -> bytes | None:
        """The key of a person; None if they have none, or none any more. A damaged one opens nothing.

        Raises:
            KeysUnavailable: the database cannot be reached.
        """
        kept = self.kept.get(person)
        if kept and kept[1] > self.clock():
            return kept[0]
        return self.read([person]).get(person)

    def prepare(self, persons: Collection[str]) -> None:
        """Make the keys of those who have none and never had one, in one transaction.

        Raises:
            KeysUnavailable: the database cannot be reached.
        """
        now = self.clock()
        if unknown := [person for person in dict.fromkeys(persons) if self.kept.get(person, (None, 0.0))[1] <= now]:
            found = self.read(unknown)
            if missing := [person for person in unknown if person not in found]:
                with keys_reached():
                    self.database.add({person: self.wrapper.wrap(new_key(), person) for person in missing})
                self.read(missing)

    def read(self, persons: Collection[str]) -> dict[str, bytes | None]:
        """The keys that are stored, kept from now on."""
        self.forget()
        if len(self.kept) + len(persons) > MAX_KEPT:
            self.kept.clear()
        until = self.clock() + KEPT_S
        with keys_reached():
            stored = self.database.keys_of(persons)
        found = {person: None if wrapped is None else self.unwrapped(wrapped, person) for person, wrapped in stored.items()}
        self.kept.update((person, (key, until)) for person, key in found.items())
        return found

    def unwrapped(self, wrapped: str, person: str) -> bytes:
        try:
            return self.wrapper.unwrap(wrapped, person)
        except Unreadable:
            log.exception("the key of %s is damaged, or was wrapped by another key: nothing of theirs can be read", person)
            return DAMAGED

    def forget(self) -> None:
        """Forget the keys whose time is over."""
        if (now := self.clock()) > self.swept_at + KEPT_S:
            self.kept = {person: kept for person, kept in self.kept.items() if kept[1] > now}
            self.swept_at = now


@contextmanager
def keys_reached() -> Iterator[None]:
    try:
        yield
    except Unavailable as fault:
        raise KeysUnavailable(str(fault)) from fault
