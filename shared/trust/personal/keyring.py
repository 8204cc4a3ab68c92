"""The keys of persons, as they are used: unwrapped, and kept for some seconds.

How it works
------------
The first time that a field of a person is protected, the key is made, wrapped under the key-encryption key, and stored. It is durable
before anything is recorded under it. Several processes may do so at once: the row that is there first is the key, and all read it back.

A key is kept in memory for KEPT_S seconds, so that a destroyed one is gone everywhere soon after; at most MAX_KEPT are.
"""

from collections.abc import Callable, Collection

from shared.errors import Refused
from shared.trust.personal.cipher import new_key
from shared.trust.personal.key_database import KeyDatabase
from shared.trust.personal.key_wrapping import Wrapper

KEPT_S = 30.0
MAX_KEPT = 10_000


class Keyring:
    """`clock` gives seconds, and never goes back."""

    def __init__(self, database: KeyDatabase, wrapper: Wrapper, clock: Callable[[], float]) -> None:
        self.database = database
        self.wrapper = wrapper
        self.clock = clock
        self.kept: dict[str, tuple[bytes | None, float]] = {}

    def for_writing(self, person: str) -> bytes:
        """The key of a person, made if they have none.

        Raises:
            Refused: `person_erased`: it was destroyed.
            Unavailable: the database cannot be reached.
        """
        self.prepare([person])
        key = self.for_reading(person)
        if key is None:
            raise Refused("person_erased")
        return key

    def for_reading(self, person: str) -> bytes | None:
        """The key of a person; None if they have none, or none any more.

        Raises:
            Unavailable: the database cannot be reached.
        """
        kept = self.kept.get(person)
        if kept and kept[1] > self.clock():
            return kept[0]
        return self.read([person]).get(person)

    def prepare(self, persons: Collection[str]) -> None:
        """Make the keys of those who have none and never had one, in one transaction.

        Raises:
            Unavailable: the database cannot be reached.
        """
        now = self.clock()
        if unknown := [person for person in dict.fromkeys(persons) if self.kept.get(person, (None, 0.0))[1] <= now]:
            found = self.read(unknown)
            if missing := [person for person in unknown if person not in found]:
                self.database.add({person: self.wrapper.wrap(new_key(), person) for person in missing})
                self.read(missing)

    def read(self, persons: Collection[str]) -> dict[str, bytes | None]:
        """The keys that are stored, kept from now on."""
        if len(self.kept) + len(persons) > MAX_KEPT:
            self.kept.clear()
        until = self.clock() + KEPT_S
        found = {
            person: None if wrapped is None else self.wrapper.unwrap(wrapped, person)
            for person, wrapped in self.database.keys_of(persons).items()
        }
        self.kept.update((person, (key, until)) for person, key in found.items())
        return found
