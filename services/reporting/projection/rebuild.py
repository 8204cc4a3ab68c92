"""A rebuild: fold the whole log into new tables beside the live ones, then swap them in one transaction.

How it works
------------
1. `start_or_resume` creates the tables of the rebuild (`rebuilt_…`), under the name of a new build. If a rebuild was interrupted
   before, its tables are kept and only renamed, provided the same version of the code made them, from the same log, and no event
   of it was ever set aside.
2. `catch_up` folds the log, from the checkpoint of these tables to the head, and commits each time the batch is full. These tables
   have no indexes yet. Readers and the live projector go on with the live tables meanwhile. Of a long log, a second process folds the
   ledger (`ledger.second_process`).
3. `try_swap` compares positions under the writer's lock. If the live tables are ahead, it declines and the rebuild catches up once
   more: figures must never go back. Otherwise it creates the indexes, compares the counts of both (`comparison`), waits for the readers
   in PostgreSQL (see `read_models`), drops the live tables and renames the new ones, all in one transaction.

Positions beyond the head of the log are ignored in this comparison: they come from another log, or from events that a restored
backup no longer has. Live tables of another version are ignored too: they are only there to be replaced.

Killed at any point, a rebuild leaves the live tables as they were, and the next one resumes where it last committed.
A file that turns out to be damaged is replaced by an empty one, and the rebuild begins again (`damage.py`).
Of two rebuilds at once, the later one takes over: it renames the build, and the earlier one, which checks the name before each
write, stops with Refused("rebuild_replaced").
"""

import os
from contextlib import closing

from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, text, update
from sqlalchemy.exc import OperationalError

from services.reporting.facts.tables import TABLES
from services.reporting.ledger.corrections import corrections
from services.reporting.ledger.entry_fold import Entry
from services.reporting.ledger.second_process import SecondProcess
from services.reporting.projection.checkpoint import Checkpoint, belongs_to_log
from services.reporting.projection.code_version import new_build_name
from services.reporting.projection.comparison import compare_with_live
from services.reporting.projection.damage import DamagedReadModels
from services.reporting.projection.database import SCRATCH_URL
from services.reporting.projection.fact_batch import READ_PAGE_SIZE, FactBatch, garbage_collection_paused
from services.reporting.projection.read_models import ReadModels, read_checkpoint
from services.reporting.projection.schema import (
    build_name,
    create_indexes,
    create_without_indexes,
    drop_tables,
    quoted_table,
    rebuild_tables,
)
from services.reporting.projection.set_aside import SetAside, set_aside
from shared.errors import Refused, Unavailable
from shared.message import START, Position, Recorded
from shared.store.port import EventStore, pages_as

CORES = os.cpu_count() or 1
PAGES_ALONE = 3  # of the log that are folded before a second process is started: it takes as long to start
SWAP_LOCK_TIMEOUT = "30s"  # for PostgreSQL's readers to end before the swap is given up; new readers wait meanwhile


class Rebuild:
    """One rebuild of `models` from `store`."""

    def __init__(self, models: ReadModels, store: EventStore) -> None:
        self.models = models
        self.store = store
        self.tables = rebuild_tables()
        self.name = new_build_name(models.version)
        self.batch = FactBatch(self.tables, Checkpoint())

    def run(self) -> Position:
        """Rebuild and swap. Returns the position that the live tables then have.

        Raises:
            Refused: a later rebuild took over (`rebuild_replaced`).
            Unavailable: the database or the log cannot be reached, or readers do not end in time for the swap.
        """
        try:
            return self.build()
        except DamagedReadModels:
            self.models.renew()
            return self.build()

    def build(self) -> Position:
        with garbage_collection_paused(), closing(self):
            self.start_or_resume()
            self.catch_up()
            while not self.try_swap():
                if set_aside(self.store) != self.batch.aside:
                    self.start_or_resume()  # an event that is folded already was set aside meanwhile: from the beginning
                self.catch_up()
        return self.batch.checkpoint.position

    @property
    def may_divide(self) -> bool:
        """Whether a second process has work and a core, and can open the database."""
        return self.models.with_ledger and CORES > 1 and self.models.address.reveal() != SCRATCH_URL

    def close(self) -> None:
        if self.batch.second is not None:
            self.batch.second.close()
            self.batch.second = None

    def start_or_resume(self) -> None:
        self.close()
        aside, counted = set_aside(self.store), self.models.with_ledger
        of_aside = self.corrections(aside) if counted else []
        with self.models.writing(long=True) as connection:
            if aside == self.batch.aside and self.can_resume(connection):
                connection.execute(update(self.tables["checkpoint"]).values(name=self.name))
            else:
                drop_tables(connection, self.tables)
                create_without_indexes(connection, self.tables, self.name)
            self.batch = FactBatch(self.tables, read_checkpoint(connection, self.tables), aside, of_aside, with_ledger=counted)

    def corrections(self, aside: SetAside) -> list[Entry]:
        """The log is folded for them in no transaction of a writer: others go on meanwhile."""
        with self.models.reached(), self.models.engine.connect() as connection:
            return corrections(connection, self.tables, self.store, aside)

    def can_resume(self, connection: Connection) -> bool:
        """Whether an interrupted rebuild left tables that this version of the code made from this log."""
        if not build_name(connection, self.tables).startswith(self.models.version):
            return False
        checkpoint = read_checkpoint(connection, self.tables)
        return belongs_to_log(checkpoint, self.store.read_at([checkpoint.position]))

    def catch_up(self) -> None:
        """Fold from the checkpoint of the rebuild to the head of the log."""
        pages = pages_as(Recorded, self.store, self.batch.checkpoint.position, self.store.head(), READ_PAGE_SIZE)
        for number, page in enumerate(pages):
            if number == PAGES_ALONE and self.batch.second is None and self.may_divide:
                self.batch.divide(SecondProcess(self.models.address, self.models.schema))
            self.batch.add(page)
            if self.batch.is_full:
                self.flush()
        self.flush()

    def flush(self) -> None:
        with self.models.writing(long=True) as connection:
            self.check_not_replaced(connection)
            self.batch.flush(connection)

    def try_swap(self) -> bool:
        """Swap, unless the live tables are ahead of the rebuild. False if they are."""
        with self.models.writing(long=True) as connection:
            self.check_not_replaced(connection)
            if min(self.live_position(connection), self.store.head()) > self.batch.checkpoint.position:
                return False
            if set_aside(self.store) != self.batch.aside:
                return False
            self.swap(connection)
        return True

    def live_position(self, connection: Connection) -> Position:
        """The position of the live tables; START if another version made them."""
        if not build_name(connection, TABLES).startswith(self.models.version):
            return START
        return read_checkpoint(connection, TABLES).position

    def check_not_replaced(self, connection: Connection) -> None:
        if build_name(connection, self.tables) != self.name:
            raise Refused("rebuild_replaced")

    def swap(self, connection: Connection) -> None:
        """Replace the live tables. Readers see the old ones until the transaction of the caller commits."""
        create_indexes(connection, self.tables)
        self.compare(connection)
        if connection.dialect.name == "postgresql":
            lock_out_readers(connection)
        drop_tables(connection, TABLES)
        for name, table in TABLES.items():
            rebuilt, live = quoted_table(connection, self.tables[name]), quoted_table(connection, table)
            connection.execute(text(f"ALTER TABLE {rebuilt} RENAME TO {live}"))

    def compare(self, connection: Connection) -> None:
        """Compare with the live tables, if this version of the code made them from this log."""
        position = self.live_position(connection)
        if not self.models.with_ledger or not START < position <= self.batch.checkpoint.position:
            return
        if belongs_to_log(read_checkpoint(connection, TABLES), self.store.read_at([position])):
            compare_with_live(connection, self.tables, position)


def lock_out_readers(connection: Connection) -> None:
    """Wait for the readers to end and hold new ones until the commit: see `read_models`.

    Raises:
        Unavailable: readers did not end within SWAP_LOCK_TIMEOUT.
    """
    connection.execute(text(f"SET LOCAL lock_timeout = '{SWAP_LOCK_TIMEOUT}'"))
    try:
        connection.execute(text("LOCK TABLE checkpoint IN ACCESS EXCLUSIVE MODE"))
    except OperationalError as fault:
        if isinstance(fault.orig, LockNotAvailable):
            raise Unavailable("Readers did not release the tables in time for the swap: the next rebuild resumes from here.") from fault
        raise
