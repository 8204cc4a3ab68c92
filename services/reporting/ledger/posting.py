"""Folds a batch of events into entries, in the transaction that writes the rows of facts, and before these are written."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from services.reporting.facts.fold import EventChanges
from services.reporting.facts.tables import definitions
from services.reporting.ledger.entry_fold import Entry, EntryFold
from services.reporting.ledger.filling import fill_known, is_long
from services.reporting.ledger.loading import load, load_versions
from services.reporting.ledger.publication import begin_version
from services.reporting.ledger.sides import sides
from services.reporting.projection.schema import Tables


def is_counted(event: EventChanges) -> bool:
    """Whether an event may change a count."""
    return any(change.table in sides().counted for change in event[1])


def entries_of(
    connection: Connection, tables: Tables, events: Sequence[EventChanges], *, empty: bool, in_background: bool = False
) -> list[Entry]:
    """The entries of events that are not in the tables yet. `empty` if no event is.

    With `in_background`, a version of the definitions that is published may be filled later: see `filling`.
    """
    fold = EntryFold({} if empty else load_versions(connection, tables))
    if not empty:
        load(connection, tables, fold, events)
        fill_known(connection, tables, fold)
    fold_events(connection, tables, fold, events, empty=empty, in_background=in_background)
    return fold.entries


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
