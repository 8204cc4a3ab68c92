"""Posts the entries of a batch of events, and the balances that they change, in the transaction that writes the rows of facts."""

from collections.abc import Iterable, Sequence
from itertools import chain

import msgspec
from sqlalchemy import Connection

from services.reporting.facts.change import Change
from services.reporting.facts.decisions import DefinitionsPublished
from services.reporting.facts.fold import EventChanges, blank_row
from services.reporting.facts.tables import KEY_COLUMNS, definitions, outcome_class
from services.reporting.ledger.balances import balance_changes, write_balances
from services.reporting.ledger.contributions import NO_CONTRIBUTION, Cell
from services.reporting.ledger.entry_fold import Ask, Entry, EntryFold, add
from services.reporting.ledger.filling import Filling, begin, fill_known, fill_page, is_long, read_fillings
from services.reporting.ledger.loading import load, load_versions, other_persons, other_rows, version_of
from services.reporting.ledger.sides import sides
from services.reporting.projection.bulk import insert_rows
from services.reporting.projection.schema import Tables

CLASS_KEY = KEY_COLUMNS[outcome_class.name]


def is_counted(event: EventChanges) -> bool:
    """Whether an event may change a count."""
    return any(change.table in sides().counted for change in event[1])


def post(
    connection: Connection,
    tables: Tables,
    events: Sequence[EventChanges],
    more: Iterable[Entry] = (),
    *,
    empty: bool,
    in_background: bool = False,
) -> int:
    """Write the entries of events that are not in the tables yet, and `more`. `empty` if no event is. Returns how many there are.

    With `in_background`, a version of the definitions that is published may be filled later: see `filling`.
    """
    fold = EntryFold({} if empty else load_versions(connection, tables))
    if not empty:
        load(connection, tables, fold, events)
        fill_known(connection, tables, fold)
    fold_events(connection, tables, fold, events, empty=empty, in_background=in_background)
    return write_entries(connection, tables, fold.entries, more, empty=empty)


def write_entries(connection: Connection, tables: Tables, entries: Iterable[Entry], more: Iterable[Entry], *, empty: bool) -> int:
    """Write entries, and the balances that they change."""
    every = [*entries, *more]
    insert_rows(connection, tables["entry"], ((position, *cell, change) for position, cell, change in every))
    write_balances(connection, tables["balance"], balance_changes(every), empty=empty)
    return len(every)


def fold_entries(connection: Connection, tables: Tables, fold: EntryFold, events: Iterable[EventChanges], *, empty: bool) -> None:
    """Fold events, after what is stored of what they change and is not in the fold."""
    if not empty:
        events = [*events]
        load(connection, tables, fold, events)
    fold_events(connection, tables, fold, events, empty=empty)


def fold_events(
    connection: Connection, tables: Tables, fold: EntryFold, events: Iterable[EventChanges], *, empty: bool, in_background: bool = False
) -> None:
    for event in events:
        for change in event[1]:
            if change.table == definitions.name:
                later = in_background and not empty and is_long(connection, tables)
                begin_version(connection, tables, fold, event[0], change, event[1], empty=empty, later=later)
        fold.add(event)


def begin_version(
    connection: Connection,
    tables: Tables,
    fold: EntryFold,
    position: int,
    change: Change,
    changes: Iterable[Change],
    *,
    empty: bool,
    later: bool,
) -> None:
    """Enter what everything that is known contributes under a version that is published, or published again.

    With `later`, other persons than those of the fold are entered in the background; but at once under one that is published again.
    """
    (number,) = change.key
    before = fold.versions.get(number)
    classes = {tuple(row[name] for name in CLASS_KEY): row for row in (before.classes if before else ())}
    classes |= {each.key: blank_row(each.table, each.key) | each.columns for each in changes if each.table == outcome_class.name}
    if before is not None:
        later = False
        finish(connection, tables, number)
    now = version_of(msgspec.json.decode(change.columns["body"], type=DefinitionsPublished), [*classes.values()])
    fold.set_versions({**fold.versions, number: now})
    asks = [(Ask(side, number, version), sign) for side in sides().versioned for version, sign in ((before, -1), (now, 1)) if version]
    counts: dict[Cell, int] = {}
    for ask, sign in asks:
        if ask.side.by_row:
            (name,) = ask.side.tables
            for row in chain(fold.rows[name].values(), () if empty else other_rows(connection, tables, fold, name)):
                add(counts, ask.of({name: (row,)}), sign)
    known = {id(person): person for person in fold.persons.values()}.values()
    if later:
        begin(connection, tables, fold, number, position)
    for person in chain(known, () if empty or later else other_persons(connection, tables, fold)):
        for ask, sign in asks:
            if not ask.side.by_row:
                add(counts, person.asked(ask), sign)
    fold.enter(position, NO_CONTRIBUTION, counts)


def post_page(connection: Connection, tables: Tables, filling: Filling) -> None:
    """Enter the next persons under a version that is being filled."""
    write_entries(connection, tables, fill_page(connection, tables, filling).entries, (), empty=False)


def finish(connection: Connection, tables: Tables, version: int) -> None:
    """Enter everybody who is left under a version."""
    while left := [each for each in read_fillings(connection, tables) if each.version == version]:
        post_page(connection, tables, left[0])
