"""The entries of events that are set aside: they counted until it was decided, and count nowhere from then on.

How it works
------------
Rows of facts merge the changes of several events, so a rebuild folds the log as if such an event had never been
(`projection.set_aside`). The ledger also says what was counted before the decision. Only the persons and rows that the event is about
differ. These are folded once for each decision, as the log stood with all decisions until then:

    position     … 40 … 57 (40 is set aside) … 90 (33 is set aside) …
    folded with  everything | without 40      | without 40 and 33

Up to 57 the entries of the first fold hold, then those of the second. The difference of their sums is entered at 57. The corrections
are what has to be added to the entries of the last fold, which the rebuild makes. Up to the last decision they sum up to zero.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator

from sqlalchemy import Connection

from services.reporting.facts.change import Change
from services.reporting.facts.fold import EventChanges, changes_of
from services.reporting.facts.tables import Key, definitions, outcome_class
from services.reporting.ledger.contributions import Cell
from services.reporting.ledger.entry_fold import Entry, EntryFold, records_of
from services.reporting.ledger.posting import fold_entries
from services.reporting.ledger.sides import sides
from services.reporting.projection.schema import Tables
from services.reporting.projection.set_aside import SetAside, readable_changes
from shared.message import PREFIX, START, Position, Recorded
from shared.store.port import EventStore, pages_as

PAGE_SIZE = 8_192
MERGE = f"{PREFIX}intake.PersonsMerged"
VERSIONED = {definitions.name, outcome_class.name}
Counts = Counter[tuple[Position, Cell]]


def corrections(connection: Connection, tables: Tables, store: EventStore, aside: SetAside) -> list[Entry]:
    """In the order of their positions. `tables` may be empty: nothing is read there."""
    if not aside.passed_over:
        return []
    decisions = sorted({*aside.passed_over.values()})
    history = list(changes_about(store, decisions[-1], *involved(store, aside, decisions[-1]), aside))
    counts: Counts = Counter()
    for since, until in zip([START, *decisions], [*decisions, None], strict=True):
        fold = EntryFold({})
        fold_entries(connection, tables, fold, folded_at(history, aside, since), empty=True)
        for position, cell, change in fold.entries:
            if until is None or position <= until:
                counts[max(position, since), cell] += change
                counts[position if until is None else until, cell] -= change  # the rebuild enters those of the last fold
    return [(position, cell, change) for (position, cell), change in sorted(counts.items()) if change]


def folded_at(history: Iterable[EventChanges], aside: SetAside, decided: Position) -> Iterator[EventChanges]:
    """The events that count after a decision: without those that were set aside by then."""
    return (event for event in history if aside.passed_over.get(event[0], decided + 1) > decided)


def involved(store: EventStore, aside: SetAside, until: Position) -> tuple[set[str], set[tuple[str, Key]]]:
    """The records of the persons, and the rows that stand alone, that the events are about."""
    events = store.read_at(sorted(aside.passed_over))
    changes = [change for event in events for change in readable_changes(event, aside)]
    records = records_of([change for change in changes if change.table in sides().person_tables])
    rows = {(change.table, change.key) for change in changes if change.table in sides().row_tables}
    return same_persons(records, merges(store, until)) if records else set(), rows


def merges(store: EventStore, until: Position) -> list[set[str]]:
    """Each two records that were merged at some time."""
    events = (event for page in pages_as(Recorded, store, START, until, PAGE_SIZE) for event in page if event.type == MERGE)
    return [records_of(changes_of(event)[1]) for event in events]


def same_persons(records: set[str], merged: Iterable[set[str]]) -> set[str]:
    """These records, and all that were one person with one of them at some time."""
    while more := {record for pair in merged if not records.isdisjoint(pair) for record in pair} - records:
        records = records | more
    return records


def changes_about(
    store: EventStore, until: Position, records: Container[str], rows: Container[tuple[str, Key]], aside: SetAside
) -> Iterator[EventChanges]:
    """The changes of these persons and rows, and of the definitions."""
    for page in pages_as(Recorded, store, START, until, PAGE_SIZE):
        for event in page:
            if kept := [one for one in readable_changes(event, aside) if is_about(one, records, rows)]:
                yield event.position, kept


def is_about(change: Change, records: Container[str], rows: Container[tuple[str, Key]]) -> bool:
    of_person = change.table in sides().person_tables and change.key[0] in records
    return of_person or (change.table, change.key) in rows or change.table in VERSIONED
