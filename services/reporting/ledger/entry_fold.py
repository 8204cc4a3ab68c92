"""Folds events into entries: by how much each changes what each person and each fact contributes to each side.

How it works
------------
The rows that the events of a batch change are here in memory, whole, as they were before the batch (`loading`). Event by event:

1. what these rows contribute before it, and the event's changes to them;
2. what they contribute after it: each difference is an entry, at the position of the event.

Rows that a side reads by themselves stand alone. For all other sides the rows of a person go together, under all of their merged records:
a *person* here is everybody who is known to be one. A merge makes one person of two, a separation two of one.

A side that depends on the definitions has entries for each version of them. When a version is published, they begin: what everything that
is known contributes under it is entered at the position of its publication.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from services.reporting.facts.change import Change
from services.reporting.facts.fold import EventChanges, blank_row
from services.reporting.facts.tables import Key, Row, outcome_class
from services.reporting.ledger.contributions import Contributions, Place, contributions
from services.reporting.ledger.sides import CountedSide, sides
from services.reporting.projection.merged_persons import roots
from shared.message import Position

EVERY_VERSION = 0  # of the entries of a side that no definition decides
MERGED_INTO = "merged_into"


class Entry(Struct, frozen=True, gc=False):
    """By how much an event changed a count. `version` is that of the definitions; `amount` is 0 where a side keeps none."""

    position: Position
    side: str
    version: int
    quarter: str
    territory: str
    amount: int
    change: int


class Version(Struct, frozen=True):
    """A version of the definitions: the parameters of questions, and its rows of `outcome_class`."""

    parameters: Mapping[str, Any]
    classes: Sequence[Row]


NO_VERSION = Version({}, ())


class Person:
    """The rows of a person, under all of their records, and what they are known to contribute: by side and version."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[Key, Row]] = {name: {} for name in sides().person_tables}
        self.tables: dict[str, Any] = {name: rows.values() for name, rows in self.rows.items()}
        self.known: dict[str, dict[int, Contributions]] = {}

    def contributes(self, side: CountedSide, number: int, version: Version) -> Contributions:
        known = self.known.setdefault(side.name, {})
        if number not in known:
            self.tables[outcome_class.name] = version.classes
            known[number] = contributions(side, self.tables, version.parameters)
        return known[number]

    def change(self, change: Change) -> None:
        change_row(self.rows[change.table], change.key, change)
        for side in sides().of_person[change.table]:
            self.known.pop(side.name, None)

    def records(self) -> set[str]:
        """Their records, and those that they were merged into."""
        of_rows = {key[0] for rows in self.rows.values() for key in rows}
        return of_rows | {row["root"] for row in self.rows["person"].values()}


class EntryFold:
    """Makes the entries of some events. `rows` and `persons` hold what the events change, by table and key, and by record."""

    def __init__(self, versions: Mapping[int, Version]) -> None:
        self.versions = dict(versions)
        self.rows: dict[str, dict[Key, Row]] = {name: {} for name in sides().row_tables}
        self.persons: dict[str, Person] = {}

    def entries(self, event: EventChanges) -> Iterator[Entry]:
        """Apply the changes of an event, and tell what they change in the counts."""
        position, changed = event
        for change in changed:
            if change.table in sides().row_tables:
                yield from self.of_row(position, change)
        of_persons = [change for change in changed if change.table in sides().person_tables]
        if of_persons:
            yield from self.of_persons(position, of_persons)

    def of_row(self, position: Position, change: Change) -> Iterator[Entry]:
        rows = self.rows[change.table]
        before = dict(row) if (row := rows.get(change.key)) is not None else None
        after = change_row(rows, change.key, change)
        for side in sides().by_row[change.table]:
            for number, version in self.versions_of(side):
                counts = dict(contribution_of_row(side, change.table, after, version))
                if before is not None:
                    add(counts, contribution_of_row(side, change.table, before, version), -1)
                yield from entries_of(position, side, number, counts)

    def of_persons(self, position: Position, changed: Sequence[Change]) -> Iterator[Entry]:
        merging = any(change.table == "person" and MERGED_INTO in change.columns for change in changed)
        touched = {side.name: side for change in changed for side in sides().of_person[change.table]}.values()
        involved = {id(person): person for record in records_of(changed) for person in (self.person(record),)}
        counts = {
            (side.name, number): dict[Place, int]()
            for side in (sides().of_whole_person if merging else touched)
            for number, _ in self.versions_of(side)
        }
        self.add_all(counts, involved.values(), -1)
        for change in changed:
            self.person(change.key[0]).change(change)
        self.add_all(counts, self.regroup(involved.values()) if merging else involved.values(), 1)
        for (name, number), changes in counts.items():
            yield from entries_of(position, sides().name[name], number, changes)

    def add_all(self, counts: Mapping[tuple[str, int], dict[Place, int]], persons: Iterable[Person], sign: int) -> None:
        """Add what persons contribute to each of these sides and versions, or take it away."""
        for person in persons:
            for (name, number), places in counts.items():
                add(places, person.contributes(sides().name[name], number, self.versions.get(number, NO_VERSION)), sign)

    def person(self, record: str) -> Person:
        return self.persons.setdefault(record, Person())

    def regroup(self, persons: Iterable[Person]) -> list[Person]:
        """The persons that there are after a merge or a separation, of those involved in it."""
        records = {record for person in persons for record in person.records()}
        rows = [(name, key, row) for person in persons for name, each in person.rows.items() for key, row in each.items()]
        merged = {key[0]: row[MERGED_INTO] for name, key, row in rows if name == "person" and row[MERGED_INTO] is not None}
        ends = roots(merged)
        found: dict[str, Person] = {}
        for record in {*records, *merged.values()}:
            self.persons[record] = found.setdefault(ends.get(record, record), Person())
        for name, key, row in rows:
            if name == "person":
                row["root"] = ends.get(key[0], key[0])
            self.persons[key[0]].rows[name][key] = row
        return [*found.values()]

    def versions_of(self, side: CountedSide) -> Iterable[tuple[int, Version]]:
        return self.versions.items() if side.versioned else ((EVERY_VERSION, NO_VERSION),)


def add(counts: dict[Place, int], more: Contributions, sign: int) -> None:
    for place, count in more.items():
        counts[place] = counts.get(place, 0) + sign * count


def change_row(rows: dict[Key, Row], key: Key, change: Change) -> Row:
    row = rows.get(key)
    if row is None:
        row = rows[key] = blank_row(change.table, key)
    row.update(change.columns)
    return row


def contribution_of_row(side: CountedSide, table: str, row: Row, version: Version) -> Contributions:
    return contributions(side, {table: [row]}, version.parameters)


def records_of(changed: Sequence[Change]) -> set[str]:
    """The records that changes are about, and those that they are merged into."""
    merged_into = {change.columns.get(MERGED_INTO) for change in changed if change.table == "person"}
    return {change.key[0] for change in changed} | {record for record in merged_into if record is not None}


def entries_of(position: Position, side: CountedSide, version: int, counts: Mapping[Place, int]) -> Iterator[Entry]:
    for (quarter, territory, amount), change in sorted(counts.items()):
        if change:
            yield Entry(position, side.name, version, quarter, territory, amount, change)
