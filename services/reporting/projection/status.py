"""The status of a projection, in the database of its read models: running, or stopped at an event that it cannot apply.

How it works
------------
A projection stops at an event that it cannot apply (`shared/bus/projection_inbox.py`) and an operator lets it go on, usually from
another process. The table `projection_status` is where both meet, so it works across processes and with any broker:

1. The projection records its stop: the position and the kind of the event, and a reason that quotes no row.
2. The operator reads it (`parcours projections list`), mends the cause, and requests a retry (`parcours projections retry`).
3. Every stopped process polls the table. One of them takes the request, which unsets it, and applies the event again.
4. If the event fails again, the projection records its stop again. If not, it records that it is running, and the other processes
   that have stopped see that and stand by again.

A request belongs to the attempts that begin after it. So recording another stop at the same event keeps a request that nobody has
taken: it was made during the attempt that has just failed.

The table has one row per projection, and is created with the first row. It is not part of the tables of facts: their version does not
matter to it, and a rebuild does not replace it. A rebuild can nevertheless mend a projection. When the checkpoint of the read models
has reached the event of a stop, that stop is over, whatever the row says.
"""

from msgspec import Struct
from sqlalchemy import BigInteger, Boolean, Column, Connection, MetaData, String, Table, delete, insert, select, update

from services.reporting.projection.database import unavailable_if_unreachable
from services.reporting.projection.read_models import ReadModels
from shared.message import Position
from shared.time import now

RUNNING, STOPPED = "running", "stopped"

TABLE = Table(
    "projection_status",
    MetaData(),
    Column("service", String, primary_key=True),
    Column("status", String, nullable=False),
    Column("position", BigInteger),
    Column("kind", String),
    Column("reason", String),
    Column("stopped_at", String),
    Column("retry_requested", Boolean, nullable=False),
)


class Stop(Struct, frozen=True):
    """The event at which a projection stopped, and why. `stopped_at` is a time in ISO format, in UTC."""

    position: Position
    kind: str
    reason: str
    stopped_at: str
    retry_requested: bool = False

    def is_over(self, checkpoint: Position) -> bool:
        """Whether the event was applied meanwhile: the checkpoint of the read models has reached it."""
        return checkpoint >= self.position


class ProjectionStatus:
    """The status of the projection of `service`. Every method blocks, and raises Unavailable if the database cannot be reached."""

    def __init__(self, models: ReadModels, service: str) -> None:
        self.models = models
        self.row = TABLE.c.service == service
        self.service = service

    def stop(self) -> Stop | None:
        """The recorded stop; None if the projection is running. Readable whichever version of the code made the tables of facts."""
        with unavailable_if_unreachable(self.models.engine), self.models.engine.connect() as connection, connection.begin():
            return self.read(connection)

    def record_stop(self, position: Position, kind: str, reason: str) -> None:
        """The projection cannot apply the event at `position`. Keeps a request to retry that event."""
        with self.models.writing() as connection:
            TABLE.create(connection, checkfirst=True)
            before = self.read(connection)
            requested = before is not None and before.position == position and before.retry_requested
            stop = {"position": position, "kind": kind, "reason": reason, "stopped_at": now().isoformat(), "retry_requested": requested}
            self.replace(connection, {"status": STOPPED, **stop})

    def record_running(self) -> None:
        """The projection goes on: the recorded stop, if there is one, is over."""
        if self.stop() is None:
            return
        with self.models.writing() as connection:
            self.replace(connection, {"status": RUNNING, "retry_requested": False})

    def request_retry(self) -> bool:
        """Request that the event of the recorded stop be applied again; False if the projection is not stopped."""
        return self.set_request(True)

    def take_retry_request(self) -> bool:
        """Unset the request, so that it is used once; False if there is none."""
        return self.set_request(False)

    def set_request(self, requested: bool) -> bool:
        """Whether this changed the row of a stopped projection; a request that is repeated counts as made."""
        stopped = self.row & (TABLE.c.status == STOPPED)
        rows = stopped if requested else stopped & TABLE.c.retry_requested
        with self.models.writing() as connection:
            if not connection.dialect.has_table(connection, TABLE.name):
                return False
            return connection.execute(update(TABLE).where(rows).values(retry_requested=requested)).rowcount > 0

    def read(self, connection: Connection) -> Stop | None:
        if not connection.dialect.has_table(connection, TABLE.name):
            return None
        columns = [TABLE.c[name] for name in Stop.__struct_fields__]
        row = connection.execute(select(*columns).where(self.row, TABLE.c.status == STOPPED)).one_or_none()
        return Stop(*row) if row else None

    def replace(self, connection: Connection, values: dict[str, object]) -> None:
        connection.execute(delete(TABLE).where(self.row))
        connection.execute(insert(TABLE), {"service": self.service, **values})
