"""Fact rows in memory between two commits: the one way in which events become rows of tables, live, in a rebuild and in a replay.

What events give to rows is gathered here, and put on what the tables hold when it is written, together with the checkpoint. So each
commit is a whole moment of the log, from which anybody may go on. How many events are gathered between two commits is the caller's to
say: a batch as it arrives, or as many as FULL allows, which keeps memory flat however long the log is.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
from sqlalchemy import Connection, update

from services.reporting.facts.fold import complete, fold, no_rows, told
from services.reporting.facts.tables import KEYS, Key, Row, Values
from services.reporting.facts.timeline_index import steps
from services.reporting.projection.bulk import found, pour, remove
from services.reporting.projection.checkpoint import Checkpoint, following, moved
from services.reporting.projection.merged_persons import unite
from services.reporting.projection.schema import Tables
from shared.message import START, Recorded

BATCH = 8_192  # events in memory at once, where a whole log is read
FULL = 250_000  # rows in memory, at which they are to be written


class FactBatch:
    """`standing` is where the tables stand, and then where the rows in memory do. `tables` are live ones, or those of a rebuild.

    Without `telling`, the lines of the timeline are left out: no figure needs them.
    """

    def __init__(self, tables: Tables, standing: Checkpoint, *, telling: bool = True) -> None:
        self.tables = tables
        self.telling = telling
        self.standing = standing
        self.begin()

    def begin(self) -> None:
        self.rows = no_rows()
        self.steps: list[Values] = []
        self.empty = self.standing.position == START  # nothing is in the tables yet: no row is looked for

    @property
    def held(self) -> int:
        """Rows in memory."""
        return len(self.steps) + sum(map(len, self.rows.values()))

    @property
    def full(self) -> bool:
        return self.held > FULL

    def take(self, events: Sequence[Recorded]) -> None:
        """Fold events that follow what is here. Those before are left out; a gap raises Gap and changes nothing."""
        fresh = following(events, self.standing.position)
        if not fresh:
            return
        fold(self.rows, map(told, fresh))
        if self.telling:
            self.steps += steps(fresh)
        self.standing = moved(self.standing, fresh)

    def write(self, connection: Connection) -> None:
        """All rows go to their tables, with the checkpoint; memory is empty again."""
        for name, rows in self.rows.items():
            if rows:
                self.put(connection, name, rows)
        pour(connection, self.tables["step"], self.steps)
        if any("merged_into" in row for row in self.rows["person"].values()):
            unite(connection, self.tables["person"])
        connection.execute(update(self.tables["checkpoint"]).values(msgspec.structs.asdict(self.standing)))
        self.begin()

    def put(self, connection: Connection, name: str, rows: dict[Key, Row]) -> None:
        table = self.tables[name]
        stored = {} if self.empty or "position" in KEYS[name] else found(connection, table, name, rows)
        if stored:
            remove(connection, table, name, stored)
        pour(connection, table, (tuple(complete(name, key, stored.get(key), row).values()) for key, row in rows.items()))


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
