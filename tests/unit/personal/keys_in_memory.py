"""A database of keys in memory, for laws that need no server: the contract suite tests the real ones."""

from collections.abc import Collection, Mapping

from shared.errors import Unavailable
from shared.message import START, Position
from shared.trust.personal.key_database import KeyChanges


class KeysInMemory:
    """`reads` counts the questions for keys."""

    def __init__(self) -> None:
        self.wrapped: dict[str, str | None] = {}
        self.tokens: dict[str, frozenset[str]] = {}
        self.merged: dict[str, str | None] = {}
        self.at: Position = START
        self.reads = 0

    def keys_of(self, persons: Collection[str]) -> dict[str, str | None]:
        self.reads += 1
        return {person: self.wrapped[person] for person in persons if person in self.wrapped}

    def add(self, keys: Mapping[str, str]) -> None:
        for person, wrapped in keys.items():
            self.wrapped.setdefault(person, wrapped)

    def position(self) -> Position:
        return self.at

    def apply(self, changes: KeyChanges, after: Position, position: Position) -> None:
        if after != self.at:
            raise Unavailable("moved on")
        self.at = position
        for person, tokens in changes.tokens.items():
            if self.wrapped.get(person) is not None:
                self.tokens[person] = frozenset(tokens)
        self.merged |= changes.merged
        for record in [*changes.destroyed, *self.merged]:
            if self.root(record) in changes.destroyed:
                self.wrapped[record] = None
                self.tokens.pop(record, None)

    def root(self, record: str) -> str:
        kept = self.merged.get(record)
        return record if kept is None else self.root(kept)

    def persons_with(self, tokens: Collection[str], limit: int) -> list[str]:
        return sorted(person for person, known in self.tokens.items() if set(tokens) <= known)[:limit]

    def wrapped_after(self, person: str, limit: int) -> dict[str, str]:
        living = {one: wrapped for one, wrapped in sorted(self.wrapped.items()) if wrapped is not None and one > person}
        return dict([*living.items()][:limit])

    def rewrap(self, keys: Mapping[str, tuple[str, str]]) -> None:
        for person, (old, new) in keys.items():
            if self.wrapped.get(person) == old:
                self.wrapped[person] = new

    def close(self) -> None:
        pass
