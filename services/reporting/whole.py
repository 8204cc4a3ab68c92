"""The fold of a log from its first event on: for a replay and for a rebuild.

Nothing of it is in a database before the end, so nothing is ever read back: the rows stay in memory, as many as there are facts, and
go to their tables once. The live way (`read_models.advance`) says the same of the same events, a batch at a time.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from sqlalchemy import Connection, update

from services.reporting.bulk import pour
from services.reporting.facts.fold import fold, no_rows, roots, told
from services.reporting.facts.standing import Standing, following, moved
from services.reporting.schema import Tables
from shared.message import START, EventMessage, Position
from shared.store.port import EventStore, pages

BATCH = 16_384  # events in memory at once


class Whole:
    def __init__(self) -> None:
        self.rows = no_rows()
        self.standing = Standing()

    def take(self, page: list[EventMessage]) -> None:
        """The next page, which is not empty."""
        events = following(page, self.standing.position)
        fold(self.rows, map(told, events))
        self.standing = moved(self.standing, events)

    def unite(self) -> None:
        """Every merged record points at the end of its chain."""
        people = self.rows["person"]
        merged = {record: row["merged_into"] for (record,), row in people.items() if row["merged_into"]}
        for record, root in roots(merged).items():
            people[record,]["root"] = root

    def write(self, connection: Connection, tables: Tables) -> None:
        """Into empty tables."""
        self.unite()
        for name, rows in self.rows.items():
            if rows:
                pour(connection, tables[name], (tuple(row.values()) for row in rows.values()))
        connection.execute(update(tables["checkpoint"]).values(msgspec.structs.asdict(self.standing)))


def through(store: EventStore, until: Position) -> Iterator[list[EventMessage]]:
    """The log from its beginning, page by page, in the quiet."""
    with uncollected():
        yield from pages(store, START, until, BATCH)


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
