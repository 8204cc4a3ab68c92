"""A rebuild: every table made again from the log, beside the live ones, whose place they then take in one transaction.

Killed at any moment, it leaves the live tables as they were, and the next one goes on from where it last wrote; unless that was begun
from another log, or by another version of the product, which may see the facts otherwise. Of two that run at once, the later one takes
over and the earlier one stops.
"""

from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, text, update
from sqlalchemy.exc import OperationalError

from services.reporting.facts.tables import TABLES
from services.reporting.projection.checkpoint import Checkpoint, told_by
from services.reporting.projection.code_version import named, version
from services.reporting.projection.fact_batch import BATCH, FactBatch, uncollected
from services.reporting.projection.read_models import ReadModels, standing, stands
from services.reporting.projection.schema import beside, create_bare, drop, index, maker, quoted
from shared.errors import Refused, Unavailable
from shared.message import START, Position, Recorded
from shared.store.port import EventStore, pages_as

PATIENCE = "30s"  # how long PostgreSQL's readers are waited for, and new ones held up, before the swap is given up


class Rebuild:
    def __init__(self, models: ReadModels, store: EventStore) -> None:
        self.models = models
        self.store = store
        self.tables = beside()
        self.name = named()
        self.gathered = FactBatch(self.tables, Checkpoint())

    def run(self) -> Position:
        self.begin()
        with uncollected():
            self.build()
            while not self.swapped():
                self.build()
        return self.gathered.standing.position

    def begin(self) -> None:
        with self.models.writing() as connection:
            if maker(connection, self.tables).startswith(version()) and self.goes_on(stands(connection, self.tables)):
                connection.execute(update(self.tables["checkpoint"]).values(name=self.name))
            else:
                drop(connection, self.tables)
                create_bare(connection, self.tables, self.name)
            self.gathered = FactBatch(self.tables, stands(connection, self.tables))

    def goes_on(self, begun: Checkpoint) -> bool:
        return told_by(begun, self.store.read_at([begun.position]))

    def build(self) -> None:
        """From where it stands to the end of the log."""
        for page in pages_as(Recorded, self.store, self.gathered.standing.position, self.store.head(), BATCH):
            self.gathered.take(page)
            if self.gathered.full:
                self.write()
        self.write()

    def write(self) -> None:
        with self.models.writing() as connection:
            self.own(connection)
            self.gathered.write(connection)

    def swapped(self) -> bool:
        """Never while the live tables are ahead: they must not go back; unless it is from what this log never had."""
        with self.models.writing() as connection:
            self.own(connection)
            if min(self.live(connection), self.store.head()) > self.gathered.standing.position:
                return False
            self.swap(connection)
        return True

    def live(self, connection: Connection) -> Position:
        """Where the live tables are, as far as it matters: those of another version are only waited for to go."""
        return standing(connection, TABLES) if maker(connection, TABLES).startswith(version()) else START

    def own(self, connection: Connection) -> None:
        if maker(connection, self.tables) != self.name:
            raise Refused("rebuild_replaced", "Une reconstruction plus récente a pris la place de celle-ci.")

    def swap(self, connection: Connection) -> None:
        """Readers see the old tables until this transaction ends, and the new ones after it."""
        index(connection, self.tables)
        if connection.dialect.name == "postgresql":
            wait_for_readers(connection)
        drop(connection, TABLES)
        for name, table in TABLES.items():
            connection.execute(text(f"ALTER TABLE {quoted(connection, self.tables[name])} RENAME TO {quoted(connection, table)}"))


def wait_for_readers(connection: Connection) -> None:
    """See ReadModels.reading."""
    connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
    try:
        connection.execute(text("LOCK TABLE checkpoint IN ACCESS EXCLUSIVE MODE"))
    except OperationalError as fault:
        if isinstance(fault.orig, LockNotAvailable):
            raise Unavailable("readers hold the tables that a rebuild shall replace: the next one goes on from here") from fault
        raise
