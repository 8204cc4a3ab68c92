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

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.reporting.facts.change import Change
from services.reporting.facts.fold import EventChanges
from services.reporting.facts.tables import Key, Row
from services.reporting.ledger.contributions import NO_CONTRIBUTION, Cell, Contributions
from services.reporting.ledger.persons import EVERY_VERSION, NO_VERSION, Ask, Person, Version, change_row
from services.reporting.ledger.sides import CountedSide, sides
from services.reporting.projection.merged_persons import roots
from shared.message import Position

MERGED_INTO = "merged_into"
ALIKE = 20_000  # values of rows of one table of which it is remembered what they contribute
Entry = tuple[Position, Cell, int]  # by how much the event at a position changed the count in a cell


class EntryFold:
    """Makes the entries of some events. `rows` and `persons` hold what the events change, by table and key, and by record."""

    def __init__(self, versions: Mapping[int, Version]) -> None:
        self.rows: dict[str, dict[Key, Row]] = {name: {} for name in sides().row_tables}
        self.persons: dict[str, Person] = {}
        self.entries: list[Entry] = []
        self.set_versions(versions)

    def set_versions(self, versions: Mapping[int, Version]) -> None:
        self.versions = dict(versions)
        self.asks_of_rows = {table: self.asks(sides().by_row[table]) for table in self.rows}
        self.asks_of_persons = self.asks(sides().of_whole_person)
        self.deciding: dict[Any, list[Ask]] = {}  # what some changes of a person's rows decide
        self.alike: dict[str, dict[Any, Contributions]] = {table: {} for table in self.rows}  # by the values of a row, what it contributes

    def asks(self, asked: Iterable[CountedSide]) -> list[Ask]:
        every = {EVERY_VERSION: NO_VERSION}
        return [Ask(side, number, each) for side in asked for number, each in (self.versions if side.versioned else every).items()]

    def add(self, event: EventChanges) -> None:
        """Apply the changes of an event, and enter what they change in the counts."""
        position, changed = event
        of_persons = []
        for change in changed:
            if change.table in self.rows:
                self.change_row(position, change)
            if change.table in sides().person_tables:
                of_persons.append(change)
        if of_persons:
            self.change_persons(position, of_persons)

    def change_row(self, position: Position, change: Change) -> None:
        rows = self.rows[change.table]
        row = rows.get(change.key)
        before = NO_CONTRIBUTION if row is None else self.contributed_by_row(change.table, row)
        self.enter(position, before, self.contributed_by_row(change.table, change_row(rows, change)))

    def contributed_by_row(self, table: str, row: Row) -> Contributions:
        """To all sides. Most rows are as others but for their keys: what rows of some values contribute is asked once."""
        alike, values = self.alike[table], sides().values_of[table](row)
        known = alike.get(values)
        if known is None:
            if len(alike) >= ALIKE:
                alike.clear()
            known = alike[values] = {}
            for ask in self.asks_of_rows[table]:
                known |= ask.of({table: (row,)})
        return known

    def change_persons(self, position: Position, changed: Sequence[Change]) -> None:
        if any(change.table == "person" and MERGED_INTO in change.columns for change in changed):
            self.merge(position, changed)
            return
        for record in dict.fromkeys(change.key[0] for change in changed):
            self.change_person(position, self.person(record), [change for change in changed if change.key[0] == record])

    def change_person(self, position: Position, person: Person, changed: Sequence[Change]) -> None:
        asks = self.decided(person, changed)
        before = [person.contributes(ask) for ask in asks]
        for change in changed:
            person.change(change)
        for ask, counted in zip(asks, before, strict=True):
            self.enter(position, counted, person.asked(ask))

    def decided(self, person: Person, changed: Sequence[Change]) -> list[Ask]:
        """What a person may contribute otherwise after these changes. A row that is new decides all that its table does."""
        kinds = (*((each.table, each.key in person.rows.get(each.table, ()) and tuple(each.columns)) for each in changed),)
        if kinds not in self.deciding:
            found = {
                side.name: side
                for table, columns in kinds
                for side in sides().of_person[table]
                if columns is False or side.reads(table, columns)
            }
            self.deciding[kinds] = self.asks(found.values())
        return self.deciding[kinds]

    def merge(self, position: Position, changed: Sequence[Change]) -> None:
        """Changes after which other records than before are those of one person."""
        involved = {id(person): person for record in records_of(changed) for person in (self.person(record),)}.values()
        counts: dict[Cell, int] = {}
        for ask in self.asks_of_persons:
            for person in involved:
                add(counts, person.contributes(ask), -1)
        for change in changed:
            self.person(change.key[0]).change(change)
        regrouped = self.regroup(involved)
        for ask in self.asks_of_persons:
            for person in regrouped:
                add(counts, person.asked(ask), 1)
        self.enter(position, NO_CONTRIBUTION, counts)

    def enter(self, position: Position, before: Contributions, after: Contributions) -> None:
        """The difference between what was contributed and what is."""
        if before == after:
            return
        if before:
            counts = dict(after)
            add(counts, before, -1)
            after = counts
        self.entries += [(position, cell, after[cell]) for cell in sorted(after) if after[cell]]

    def person(self, record: str) -> Person:
        found = self.persons.get(record)
        if found is None:
            found = self.persons[record] = Person()
        return found

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
            self.persons[key[0]].rows_of(name)[key] = row
        return [*found.values()]


def add(counts: dict[Cell, int], more: Contributions, sign: int) -> None:
    for cell, count in more.items():
        counts[cell] = counts.get(cell, 0) + sign * count


def records_of(changed: Sequence[Change]) -> set[str]:
    """The records that changes are about, and those that they are merged into."""
    merged_into = {change.columns.get(MERGED_INTO) for change in changed if change.table == "person"}
    return {change.key[0] for change in changed} | {record for record in merged_into if record is not None}
