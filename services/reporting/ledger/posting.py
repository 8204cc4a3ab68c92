"""Posts the entries of a batch of events, and the balances that they change, in the transaction that writes the rows of facts."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import msgspec
from sqlalchemy import Connection

from services.reporting.facts.change import Change
from services.reporting.facts.decisions import DefinitionsPublished
from services.reporting.facts.fold import EventChanges, blank_row
from services.reporting.facts.tables import definitions, outcome_class
from services.reporting.ledger.balances import balance_changes, write_balances
from services.reporting.ledger.contributions import NO_CONTRIBUTION, Contributions, Place
from services.reporting.ledger.entry_fold import Entry, EntryFold, Person, Version, add, contribution_of_row, entries_of
from services.reporting.ledger.loading import load, load_versions, other_persons, other_rows, version_of
from services.reporting.ledger.sides import CountedSide, sides
from services.reporting.projection.bulk import insert_rows
from services.reporting.projection.schema import Tables


def is_counted(event: EventChanges) -> bool:
    """Whether an event may change a count."""
    read = sides()
    return any(each.table in read.person_tables or each.table in read.row_tables or each.table == definitions.name for each in event[1])


def post(connection: Connection, tables: Tables, events: Sequence[EventChanges], more: Iterable[Entry] = (), *, empty: bool) -> int:
    """Write the entries of events that are not in the tables yet, and `more`. `empty` if no event is. Returns how many there are."""
    fold = EntryFold({} if empty else load_versions(connection, tables))
    if not empty:
        load(connection, tables, fold, events)
    entries = [entry for event in events for entry in posted(connection, tables, fold, event, empty=empty)]
    entries += more
    insert_rows(connection, tables["entry"], map(msgspec.structs.astuple, entries))
    write_balances(connection, tables["balance"], balance_changes(entries), empty=empty)
    return len(entries)


def posted(connection: Connection, tables: Tables, fold: EntryFold, event: EventChanges, *, empty: bool) -> Iterator[Entry]:
    for change in event[1]:
        if change.table == definitions.name:
            yield from begin_version(connection, tables, fold, event[0], change, event[1], empty=empty)
    yield from fold.entries(event)


def begin_version(
    connection: Connection, tables: Tables, fold: EntryFold, position: int, change: Change, changes: Iterable[Change], *, empty: bool
) -> Iterator[Entry]:
    """The entries of what everything that is known contributes under a version that is published, or published again."""
    (number,) = change.key
    classes = [blank_row(each.table, each.key) | each.columns for each in changes if each.table == outcome_class.name]
    before = fold.versions.get(number)
    now = fold.versions[number] = version_of(msgspec.json.decode(change.columns["body"], type=DefinitionsPublished), classes)
    counts: dict[str, dict[Place, int]] = {side.name: {} for side in sides().versioned}
    for side in (side for side in sides().versioned if side.by_row):
        (name,) = side.tables
        for row in [*fold.rows[name].values(), *(() if empty else other_rows(connection, tables, fold, name))]:
            add(counts[side.name], contribution_of_row(side, name, row, now), 1)
            add(counts[side.name], contribution_of_row(side, name, row, before) if before else NO_CONTRIBUTION, -1)
    known = {id(person): person for person in fold.persons.values()}.values()
    for person in chain(known, () if empty else other_persons(connection, tables, fold)):
        for side in (side for side in sides().versioned if not side.by_row):
            add(counts[side.name], contributed(person, side, number, before) if before else NO_CONTRIBUTION, -1)
            add(counts[side.name], contributed(person, side, number, now), 1)
    for side in sides().versioned:
        yield from entries_of(position, side, number, counts[side.name])


def contributed(person: Person, side: CountedSide, number: int, version: Version) -> Contributions:
    """Under a version that may be another one than the person has been asked under."""
    person.known.get(side.name, {}).pop(number, None)
    return person.contributes(side, number, version)
