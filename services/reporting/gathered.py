"""Fact rows in memory between two commits: the one way in which events become rows of tables, live, in a rebuild and in a replay.

A row that an event touches is fetched from its table unless it is here already; it is folded here, and all go back together with the
checkpoint. So each commit is a whole moment of the log, from which anybody may go on. How many events are gathered between two
commits is the caller's to say: a batch as it arrives, or as many as FULL allows, which keeps memory flat however long the log is.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
from sqlalchemy import Connection, update

from services.reporting.bulk import found, pour, remove, unite
from services.reporting.facts.fold import Told, fold, no_rows, told, touched
from services.reporting.facts.standing import Standing, following, moved
from services.reporting.facts.steps import steps
from services.reporting.facts.tables import KEYS, Key, Values
from services.reporting.schema import Tables
from shared.message import START, Recorded

BATCH = 8_192  # events in memory at once, where a whole log is read
CHUNK = 1_024  # events whose changes are in memory at once: what is dropped soon is still in the processor's cache
FULL = 100_000  # rows in memory, at which they are to be written


class Gathered:
    """`standing` is where the tables stand, and then where the rows in memory do. `tables` are live ones, or those of a rebuild.

    Without `telling`, the lines of the timeline are left out: no figure needs them.
    """

    def __init__(self, tables: Tables, standing: Standing, *, telling: bool = True) -> None:
        self.tables = tables
        self.telling = telling
        self.standing = standing
        self.begin()

    def begin(self) -> None:
        self.rows = no_rows()
        self.steps: list[Values] = []
        self.stored: dict[str, set[Key]] = {}  # the keys of those rows that are in their tables too
        self.empty = self.standing.position == START  # nothing is in the tables yet, so nothing needs to be looked for

    @property
    def full(self) -> bool:
        return len(self.steps) + sum(map(len, self.rows.values())) > FULL

    def take(self, connection: Connection, events: Sequence[Recorded]) -> None:
        """Fold events that follow what is here. Those before are left out; a gap raises Gap and changes nothing."""
        fresh = following(events, self.standing.position)
        if not fresh:
            return
        for start in range(0, len(fresh), CHUNK):
            batch = [told(event) for event in fresh[start : start + CHUNK]]
            if not self.empty:
                self.fetch(connection, batch)
            fold(self.rows, batch)
        if self.telling:
            self.steps += steps(fresh)
        self.standing = moved(self.standing, fresh)

    def fetch(self, connection: Connection, batch: list[Told]) -> None:
        for name, keys in touched(batch).items():
            known, names = self.rows[name], KEYS[name]
            missing = keys - known.keys()
            if not missing or "position" in names:  # a row of a position that was never applied cannot be there
                continue
            rows = {tuple(row[column] for column in names): row for row in found(connection, self.tables[name], name, missing)}
            known.update(rows)
            self.stored.setdefault(name, set()).update(rows)

    def write(self, connection: Connection) -> None:
        """All rows go to their tables, with the checkpoint; memory is empty again."""
        for name, rows in self.rows.items():
            if stored := self.stored.get(name):
                remove(connection, self.tables[name], name, stored)
            if rows:
                pour(connection, self.tables[name], (tuple(row.values()) for row in rows.values()))
        pour(connection, self.tables["step"], self.steps)
        if any(row["merged_into"] for row in self.rows["person"].values()):
            unite(connection, self.tables["person"])
        connection.execute(update(self.tables["checkpoint"]).values(msgspec.structs.asdict(self.standing)))
        self.begin()


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the cyclic garbage collector: a fold makes millions of objects, none of them in a cycle, and the collector would go
    through all of them again and again; that was the half of a replay. What is dropped is freed at once, as ever."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
