"""The deliveries of webhooks in an SQLite file, beside the log or in a file of its own."""

import threading
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from shared.store.deliveries import Cursor, Delivery, KnownWebhook, coverage_name
from shared.store.sqlite import coverage as coverages
from shared.store.sqlite.connections import open_for_writing, raises_unavailable

SCHEMA = (Path(__file__).parent / "sql" / "deliveries.sql").read_text()
WEBHOOK_COLUMNS = ", ".join(KnownWebhook.__struct_fields__)
COLUMNS = ", ".join(Delivery.__struct_fields__)
ADD = f"insert into webhooks ({WEBHOOK_COLUMNS}) values (?, ?, ?, ?, ?) on conflict do nothing"  # noqa: S608 - the columns are ours
REMOVE = "update webhooks set deleted = 1 where webhook = ?"
WEBHOOKS = f"""select {WEBHOOK_COLUMNS} from webhooks where deleted = 0 and (?1 is null or (actor, role, organisation) = (?1, ?2, ?3))
order by created"""  # noqa: S608 - the columns are ours
CURSOR = "select run, position from webhooks where webhook = ? and (run, position) > (0, 0)"
COVERED = """select run, position, (select applied from coverage where name = ?2) from webhooks
where webhook = ?1 and (run, position) > (0, 0)"""
ADVANCE = "update webhooks set run = ?2, position = ?3 where webhook = ?1 and (run, position) < (?2, ?3) returning run"
FIND = f"select {COLUMNS} from webhook_deliveries where webhook = ? and run = ? and message = ?"  # noqa: S608 - the columns are ours
MARKS = ", ".join("?" * len(Delivery.__struct_fields__))
CHANGED = ("status", "attempts", "resumptions", "answer", "fault", "last_at", "next_at")
RECORD = f"""insert into webhook_deliveries ({COLUMNS}) values ({MARKS}) on conflict (webhook, run, message)
do update set {", ".join(f"{name} = excluded.{name}" for name in CHANGED)} where webhook_deliveries.status <> 'delivered'"""  # noqa: S608
LATEST = f"select {COLUMNS} from webhook_deliveries where webhook = ? order by last_at desc, position desc limit ?"  # noqa: S608
WAITING = """select count(*) from webhook_deliveries as delivery join webhooks using (webhook)
where status = 'waiting' and deleted = 0 and delivery.run >= webhooks.run"""
PRUNE = """delete from webhook_deliveries where webhook = ?1 and status in ('delivered', 'passed_over') and last_at <
(select last_at from webhook_deliveries where webhook = ?1 order by last_at desc limit 1 offset ?2)"""

Value = str | int | None
Row = tuple[bytes | int | None, ...]


class SqliteDeliveries:
    """The deliveries in the file `path`, which is created if it does not exist."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.connection = open_for_writing(self.path, f"{SCHEMA}\n{coverages.SCHEMA}")
        self.lock = threading.Lock()  # one thread at a time uses the connection

    def add(self, webhook: KnownWebhook) -> None:
        self.execute(ADD, *astuple(webhook))

    def remove(self, webhook: str) -> None:
        self.execute(REMOVE, webhook)

    def webhooks(self, owner: tuple[str, str, str] | None = None) -> list[KnownWebhook]:
        return [msgspec.convert(named(KnownWebhook, row), KnownWebhook) for row in self.execute(WEBHOOKS, *(owner or (None, None, None)))]

    def cursor(self, webhook: str) -> Cursor | None:
        return next((msgspec.convert(named(Cursor, row), Cursor) for row in self.execute(CURSOR, webhook)), None)

    def advance(self, webhook: str, cursor: Cursor, coverage: str | None = None) -> None:
        with self.lock, raises_unavailable(self.path):
            self.connection.execute("begin immediate")
            try:
                moved = self.connection.execute(ADVANCE, (webhook, cursor.run, cursor.position)).fetchall()
                if moved and coverage is not None:
                    coverages.write(self.connection, coverage_name(webhook), coverage)
                self.connection.execute("commit")
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("rollback")

    def covered(self, webhook: str) -> tuple[Cursor, str | None] | None:
        for *cursor, applied in self.execute(COVERED, webhook, coverage_name(webhook)):
            return msgspec.convert(named(Cursor, tuple(cursor)), Cursor), applied.decode() if isinstance(applied, bytes) else None
        return None

    def find(self, webhook: str, run: int, message: str) -> Delivery | None:
        return next(iter(self.deliveries(FIND, webhook, run, message)), None)

    def record(self, delivery: Delivery) -> None:
        self.execute(RECORD, *astuple(delivery))

    def latest(self, webhook: str, limit: int) -> list[Delivery]:
        return self.deliveries(LATEST, webhook, limit)

    def waiting(self) -> int:
        return next(count for (count,) in self.execute(WAITING) if isinstance(count, int))

    def prune(self, webhook: str, keep: int) -> None:
        self.execute(PRUNE, webhook, keep - 1)

    def close(self) -> None:
        with self.lock:
            self.connection.close()

    def deliveries(self, statement: str, *values: Value) -> list[Delivery]:
        return [msgspec.convert(named(Delivery, row), Delivery) for row in self.execute(statement, *values)]

    def execute(self, statement: str, *values: Value) -> list[Row]:
        with self.lock, raises_unavailable(self.path):
            return self.connection.execute(statement, values).fetchall()


def named(struct: type[Struct], row: Row) -> dict[str, str | int | None]:
    """The values of a row by the names of the fields; connections to these files read texts as bytes."""
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in zip(struct.__struct_fields__, row, strict=True)}
