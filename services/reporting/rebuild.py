"""A rebuild: every table made again from the log, beside the live ones, whose place they then take in one transaction.

Killed at any moment, it leaves the live tables as they were, and the next one goes on from where it last wrote; unless that was begun
from another log, or by another version of the product, which may see the facts otherwise. Of two that run at once, the later one takes
over and the earlier one stops.
"""

import hashlib
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, select, text, update

from services.reporting.facts.standing import Standing, told_by
from services.reporting.facts.tables import TABLES
from services.reporting.gathered import BATCH, Gathered, uncollected
from services.reporting.read_models import ReadModels, standing, stands
from services.reporting.schema import NAME, beside, create_bare, drop, index, quoted
from shared.errors import Refused
from shared.message import Position, Recorded
from shared.store.port import EventStore, pages_as

PATIENCE = "30s"  # how long PostgreSQL's readers are waited for, and new ones held up, before the swap is given up
SERVICES = Path(__file__).parent.parent


class Rebuild:
    def __init__(self, models: ReadModels, store: EventStore) -> None:
        self.models = models
        self.store = store
        self.tables = beside()
        self.version = version()
        self.name = f"{self.version} {uuid4()}"
        self.gathered = Gathered(self.tables, Standing())

    def run(self) -> Position:
        self.begin()
        with uncollected():
            self.build()
            while not self.swapped():
                self.build()
        return self.gathered.standing.position

    def begin(self) -> None:
        with self.models.writing() as connection:
            if self.owner(connection).startswith(self.version) and self.goes_on(stands(connection, self.tables)):
                connection.execute(update(self.tables["checkpoint"]).values(name=self.name))
            else:
                drop(connection, self.tables)
                create_bare(connection, self.tables, self.name)
            self.gathered = Gathered(self.tables, stands(connection, self.tables))

    def goes_on(self, begun: Standing) -> bool:
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
            if min(standing(connection, TABLES), self.store.head()) > self.gathered.standing.position:
                return False
            self.swap(connection)
        return True

    def own(self, connection: Connection) -> None:
        if self.owner(connection) != self.name:
            raise Refused("rebuild_replaced", "Une reconstruction plus récente a pris la place de celle-ci.")

    def owner(self, connection: Connection) -> str:
        """The name of the rebuild whose tables are there; empty when there are none."""
        checkpoint = self.tables["checkpoint"]
        there = connection.dialect.has_table(connection, checkpoint.name)
        return str(connection.scalar(select(checkpoint.c.name)) or "") if there else ""

    def swap(self, connection: Connection) -> None:
        """Readers see the old tables until this transaction ends, and the new ones after it."""
        index(connection, self.tables)
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
            connection.execute(text("LOCK TABLE checkpoint IN ACCESS EXCLUSIVE MODE"))  # see ReadModels.reading
        connection.execute(update(self.tables["checkpoint"]).values(name=NAME))
        drop(connection, TABLES)
        for name, table in TABLES.items():
            connection.execute(text(f"ALTER TABLE {quoted(connection, self.tables[name])} RENAME TO {quoted(connection, table)}"))


def version() -> str:
    """This version of the product, as far as it may matter to facts: all of the services' code, for old shapes are upcast in each."""
    digest = hashlib.sha256()
    for path in sorted(SERVICES.rglob("*.py")):
        digest.update(path.read_bytes())
    return f"rebuild {digest.hexdigest()[:16]}"
