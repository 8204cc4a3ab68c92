"""The database of the keys of persons, apart from the log: who has the one reads nothing without the other.

A key is stored wrapped: encrypted under a key that this database does not hold. A key that was destroyed leaves its row, so that no new one
takes its place. Beside the keys stands the index by which a person is found (`search`), because it has to go with them.

What follows from the log is applied in one transaction with the position up to which the log was read: so a database that is restored from
an older backup destroys again what was destroyed since.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from shared.message import Position


class KeyChanges(Struct, frozen=True):
    """What some events of the log change.

    `merged` are records that became those of another person (record -> the one that was kept), or no longer are (None). `destroyed` are the
    persons whose keys go, then, with those of all records that are theirs; `tokens` the new ones of persons, which take the place of those
    that they had. A person may be in both: then the key goes, and no token stays.
    """

    destroyed: Sequence[str]
    tokens: Mapping[str, Collection[str]]
    merged: Mapping[str, str | None] = {}


class KeyDatabase(Protocol):
    """Every method raises Unavailable when the database cannot be reached."""

    def keys_of(self, persons: Collection[str]) -> dict[str, str | None]:
        """The wrapped keys of those persons who have one; None of those whose key was destroyed."""

    def add(self, keys: Mapping[str, str]) -> None:
        """Add wrapped keys. Who has one already, or had one, is left as they are. Durable when it returns."""

    def position(self) -> Position:
        """Up to where the log is applied."""

    def apply(self, changes: KeyChanges, after: Position, position: Position) -> None:
        """Apply what the events after one position, up to another, change.

        Raises:
            Unavailable: also if the log is not applied up to `after`: another process was faster.
        """

    def persons_with(self, tokens: Collection[str], limit: int) -> list[str]:
        """The persons who have all of these tokens, in alphabetical order, at most `limit`."""

    def wrapped_after(self, person: str, limit: int) -> dict[str, str]:
        """The next wrapped keys, in the order of persons, after this one."""

    def rewrap(self, keys: Mapping[str, tuple[str, str]]) -> None:
        """Replace wrapped keys: person -> the one that is there, and the one that takes its place. What changed meanwhile stays."""

    def close(self) -> None: ...
