"""Rows of facts in memory between two commits. Live batches, rebuilds and replays all write their tables through here.

Events are folded into rows in memory (`add`). `flush` then completes these rows with those in the tables and writes them, with the
checkpoint, in the caller's transaction. So every commit leaves the tables at one position of the log, and any process can go on
from there. Callers decide how often to flush: after each batch that arrives, or when `is_full`, which bounds the memory used
however long the log is.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, update

from services.reporting.facts.decisions import until
from services.reporting.facts.fold import EventChanges, changes_of, complete_row, empty_rows, fold
from services.reporting.facts.tables import KEY_COLUMNS, Key, Row, Values, span, timeline_entry
from services.reporting.facts.timeline_index import timeline_entries
from services.reporting.ledger.balances import keep_subtotals, write_entries
from services.reporting.ledger.entry_fold import Entry
from services.reporting.ledger.posting import entries_of, is_counted
from services.reporting.ledger.second_process import SecondProcess
from services.reporting.projection.bulk import delete_rows, insert_rows, select_rows
from services.reporting.projection.checkpoint import Checkpoint, advance, covered, events_after, widened
from services.reporting.projection.merged_persons import update_roots
from services.reporting.projection.schema import Tables
from services.reporting.projection.set_aside import NONE, SetAside, readable_changes
from shared.message import START, Recorded

READ_PAGE_SIZE = 8_192  # events read at once from a log that is folded whole
MAX_ROWS = 250_000  # rows in memory, above which a batch is full


class FactBatch:
    """Folds events for `tables`, which are the live ones or those of a rebuild.

    `checkpoint` is where the tables are when the batch is made, and then where the rows in memory are. With `with_timeline` false
    the timeline index is left out, and with `with_ledger` false the ledger: a replay counts the facts. Events that are set `aside`
    change nothing; until then they counted, as the `corrections` of the ledger say. With `in_background`, definitions that are published
    may be filled later.
    """

    def __init__(
        self,
        tables: Tables,
        checkpoint: Checkpoint,
        aside: SetAside = NONE,
        corrections: Sequence[Entry] = (),
        *,
        with_timeline: bool = True,
        with_ledger: bool = True,
        in_background: bool = False,
    ) -> None:
        self.tables = tables
        self.aside = aside
        self.corrections = [one for one in corrections if one[0] > checkpoint.position]
        self.with_timeline = with_timeline
        self.with_ledger, self.in_background = with_ledger, in_background
        self.checkpoint = checkpoint
        self.second: SecondProcess | None = None  # that folds the entries, instead of this one
        self.clear()

    def clear(self) -> None:
        self.rows = empty_rows()
        self.timeline: list[Values] = []
        self.counted: list[EventChanges] = []  # for the ledger
        self.spans: list[Values] = []
        self.tables_empty = self.checkpoint.position == START  # then there are no stored rows to look up

    @property
    def row_count(self) -> int:
        """Rows in memory."""
        return len(self.timeline) + sum(map(len, self.rows.values()))

    @property
    def is_full(self) -> bool:
        return self.row_count > MAX_ROWS

    def add(self, events: Sequence[Recorded]) -> None:
        """Fold events in the order of the log. Events at or before the checkpoint are ignored.

        Raises:
            EventGap: an event is missing before or between these. Nothing is folded.
            msgspec.ValidationError: an event cannot be read. The batch must not be flushed.
        """
        new = events_after(self.checkpoint.position, events)
        if not new:
            return
        changed = [*(map(self.changes, new) if self.aside != NONE else map(changes_of, new))]
        fold(self.rows, changed)
        if self.with_ledger:
            self.count([*filter(is_counted, changed)])
        if self.with_timeline:
            self.timeline += timeline_entries(new)
        self.spans += widened(self.checkpoint, new)
        coverage = covered(self.checkpoint, new, [position for position, _ in changed])
        self.checkpoint = replace(advance(self.checkpoint, new), coverage=coverage)

    def count(self, events: Sequence[EventChanges]) -> None:
        """Fold events into entries: in the second process at once, else when the batch is written."""
        if self.second is None:
            self.counted += events
        else:
            self.second.fold(events, empty=self.tables_empty)

    def divide(self, second: SecondProcess) -> None:
        """From now on entries are folded by a second process, those of events that were added before too."""
        self.second = second
        self.count(self.counted)
        self.counted = []

    def changes(self, event: Recorded) -> EventChanges:
        """The changes of an event. One that is set aside changes no count."""
        changes, since = readable_changes(event, self.aside), self.aside.passed_over.get(event.position)
        return event.position, changes if since is None else until(changes, since)

    def due_corrections(self) -> list[Entry]:
        """Those up to the checkpoint."""
        due = [one for one in self.corrections if one[0] <= self.checkpoint.position]
        self.corrections = self.corrections[len(due) :]
        return due

    def flush(self, connection: Connection) -> None:
        """Write all rows and the checkpoint, and empty the memory. The caller commits."""
        entries: list[Entry] = []
        if self.second is None:  # before the rows are written: what they contributed follows from those that are stored
            entries = entries_of(connection, self.tables, self.counted, empty=self.tables_empty, in_background=self.in_background)
        for name, rows in self.rows.items():
            if rows:
                self.write_rows(connection, name, rows)
        insert_rows(connection, self.tables[timeline_entry.name], self.timeline)
        insert_rows(connection, self.tables[span.name], self.spans)
        if any("merged_into" in row for row in self.rows["person"].values()):
            update_roots(connection, self.tables["person"])
        if self.second is not None:  # after that: it has as much time
            entries = self.second.take()
        entries = sorted([*entries, *self.due_corrections()], key=itemgetter(0))
        self.checkpoint = keep_subtotals(connection, self.tables, entries, self.checkpoint, empty=self.tables_empty)
        write_entries(connection, self.tables, entries, empty=self.tables_empty)
        connection.execute(update(self.tables["checkpoint"]).values(msgspec.structs.asdict(self.checkpoint)))
        self.clear()

    def write_rows(self, connection: Connection, name: str, rows: dict[Key, Row]) -> None:
        """Complete the rows of one table with the stored ones and replace these. A row keyed by its position is always new."""
        table = self.tables[name]
        stored = {} if self.tables_empty or "position" in KEY_COLUMNS[name] else select_rows(connection, table, name, rows)
        if stored:
            delete_rows(connection, table, name, stored)
        insert_rows(connection, table, (tuple(complete_row(name, key, stored.get(key), row).values()) for key, row in rows.items()))


@contextmanager
def garbage_collection_paused() -> Iterator[None]:
    """Fold a whole log without the cyclic garbage collector.

    A fold makes millions of objects and no cycles. The collector would traverse them all again and again, which took half of the
    time of a replay. Reference counting still frees what is dropped.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
