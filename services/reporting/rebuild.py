"""A rebuild: every table made again from the log, beside the live ones, whose place they then take in one transaction.

Killed at any moment, it leaves the live tables as they were; what it leaves of its own, the next rebuild drops. Of two that run at
once, the later one goes on and the earlier one stops.
"""

from uuid import uuid4

from sqlalchemy import Connection, select, text, update

from services.reporting.bulk import pour
from services.reporting.facts.steps import step
from services.reporting.facts.tables import TABLES
from services.reporting.read_models import ReadModels, advance, standing
from services.reporting.schema import NAME, beside, create_bare, drop, index, quoted
from services.reporting.whole import BATCH, Whole, through
from shared.errors import Refused
from shared.message import EventMessage, Position
from shared.store.port import EventStore, pages

PATIENCE = "30s"  # how long PostgreSQL's readers are waited for, and new ones held up, before the swap is given up


class Rebuild:
    def __init__(self, models: ReadModels, store: EventStore) -> None:
        self.models = models
        self.store = store
        self.tables = beside()
        self.name = f"rebuild {uuid4()}"

    def run(self) -> Position:
        self.begin()
        reached = self.build()
        while not self.swapped():
            reached = self.follow(reached)
        return reached

    def begin(self) -> None:
        with self.models.writing() as connection:
            drop(connection, self.tables)
            create_bare(connection, self.tables, self.name)

    def build(self) -> Position:
        whole = Whole()
        for page in through(self.store, self.store.head()):
            whole.take(page)
            with self.models.writing() as connection:
                self.own(connection)
                pour(connection, self.tables["step"], map(step, page))
        with self.models.writing() as connection:
            self.own(connection)
            whole.write(connection, self.tables)
            index(connection, self.tables)
        return whole.standing.position

    def follow(self, reached: Position) -> Position:
        """What came meanwhile, as the live tables take it."""
        for page in pages(self.store, reached, self.store.head(), BATCH):
            reached = self.advance(page)
        return reached

    def advance(self, page: list[EventMessage]) -> Position:
        with self.models.writing() as connection:
            self.own(connection)
            return advance(connection, self.tables, page)

    def swapped(self) -> bool:
        """Never while the live tables are ahead: they must not go back."""
        with self.models.writing() as connection:
            self.own(connection)
            if standing(connection, TABLES) > standing(connection, self.tables):
                return False
            self.swap(connection)
        return True

    def own(self, connection: Connection) -> None:
        checkpoint = self.tables["checkpoint"]
        if connection.dialect.has_table(connection, checkpoint.name) and connection.scalar(select(checkpoint.c.name)) == self.name:
            return
        raise Refused("rebuild_replaced", "Une reconstruction plus récente a pris la place de celle-ci.")

    def swap(self, connection: Connection) -> None:
        """Readers see the old tables until this transaction ends, and the new ones after it."""
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
            connection.execute(text("LOCK TABLE checkpoint IN ACCESS EXCLUSIVE MODE"))  # see ReadModels.reading
        connection.execute(update(self.tables["checkpoint"]).values(name=NAME))
        drop(connection, TABLES)
        for name, table in TABLES.items():
            connection.execute(text(f"ALTER TABLE {quoted(connection, self.tables[name])} RENAME TO {quoted(connection, table)}"))
