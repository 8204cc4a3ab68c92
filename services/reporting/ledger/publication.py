"""A version of the definitions is published: from then on there are entries under it, first those of everything that is known."""

from collections.abc import Iterable
from itertools import chain

import msgspec
from sqlalchemy import Connection

from services.reporting.facts.change import Change
from services.reporting.facts.decisions import DefinitionsPublished
from services.reporting.facts.fold import blank_row
from services.reporting.facts.tables import KEY_COLUMNS, outcome_class
from services.reporting.ledger.balances import write_entries
from services.reporting.ledger.contributions import NO_CONTRIBUTION, Cell
from services.reporting.ledger.entry_fold import EntryFold, add
from services.reporting.ledger.filling import Filling, begin, fill_page, read_fillings
from services.reporting.ledger.loading import other_persons, other_rows, version_of
from services.reporting.ledger.persons import Ask
from services.reporting.ledger.sides import sides
from services.reporting.projection.schema import Tables

CLASS_KEY = KEY_COLUMNS[outcome_class.name]


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
        if not empty:
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
    write_entries(connection, tables, fill_page(connection, tables, filling).entries, empty=False)


def finish(connection: Connection, tables: Tables, version: int) -> None:
    """Enter everybody who is left under a version."""
    while left := [each for each in read_fillings(connection, tables) if each.version == version]:
        post_page(connection, tables, left[0])
