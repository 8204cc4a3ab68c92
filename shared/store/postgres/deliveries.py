"""The deliveries of webhooks in PostgreSQL, beside the log. Rows come back as JSON, each decoded into its struct."""

import msgspec
from msgspec.structs import astuple

from shared.address import Address
from shared.store.deliveries import Cursor, Delivery, KnownWebhook, coverage_name
from shared.store.postgres.binary_format import INT4, INT8, TEXT, pack_int8
from shared.store.postgres.connection import Statement
from shared.store.postgres.pool import ConnectionPool
from shared.store.postgres.schema import set_up

WEBHOOK_COLUMNS = ", ".join(KnownWebhook.__struct_fields__)
COLUMNS = ", ".join(Delivery.__struct_fields__)
TYPES = {"run": INT4, "position": INT8, "attempts": INT4, "resumptions": INT4, "answer": INT4, "created": INT8}  # the others are texts


def types(struct: type[msgspec.Struct]) -> tuple[int, ...]:
    return tuple(TYPES.get(name, TEXT) for name in struct.__struct_fields__)


def marks(struct: type[msgspec.Struct]) -> str:
    return ", ".join(f"${number}" for number in range(1, 1 + len(struct.__struct_fields__)))


ADD = Statement(
    "add_webhook",
    f"insert into public.webhooks ({WEBHOOK_COLUMNS}) values ({marks(KnownWebhook)}) on conflict do nothing",  # noqa: S608 - the columns are ours
    *types(KnownWebhook),
)
REMOVE = Statement("remove_webhook", "update public.webhooks set deleted = true where webhook = $1", TEXT)
WEBHOOKS = Statement(
    "webhooks",
    f"""select row_to_json(found)::text from (select {WEBHOOK_COLUMNS} from public.webhooks
    where not deleted and ($1 is null or (actor, role, organisation) = ($1, $2, $3)) order by created) as found""",  # noqa: S608 - the columns are ours
    TEXT,
    TEXT,
    TEXT,
)
CURSOR = Statement(
    "webhook_cursor",
    "select json_build_object('run', run, 'position', position)::text from public.webhooks where webhook = $1 and (run, position) > (0, 0)",
    TEXT,
)
ADVANCE = Statement(
    "advance_webhook",
    "update public.webhooks set run = $2, position = $3 where webhook = $1 and (run, position) < ($2, $3)",
    TEXT,
    INT4,
    INT8,
)
ADVANCE_COVERED = Statement(
    "advance_covered_webhook",
    """with moved as (
        update public.webhooks set run = $2, position = $3 where webhook = $1 and (run, position) < ($2, $3) returning run
    )
    insert into public.coverage (name, applied) select $4, $5 from moved on conflict (name) do update set applied = excluded.applied""",
    TEXT,
    INT4,
    INT8,
    TEXT,
    TEXT,
)
COVERED = Statement(
    "covered_webhook",
    """select json_build_object('run', run, 'position', position, 'applied', (select applied from public.coverage where name = $2))::text
    from public.webhooks where webhook = $1 and (run, position) > (0, 0)""",
    TEXT,
    TEXT,
)
FIND = Statement(
    "find_delivery",
    """select row_to_json(found)::text from public.webhook_deliveries as found where webhook = $1 and run = $2 and message = $3""",
    TEXT,
    INT4,
    TEXT,
)
CHANGED = ("status", "attempts", "resumptions", "answer", "fault", "last_at", "next_at")
RECORD = Statement(
    "record_delivery",
    f"""insert into public.webhook_deliveries ({COLUMNS}) values ({marks(Delivery)}) on conflict (webhook, run, message)
    do update set {", ".join(f"{name} = excluded.{name}" for name in CHANGED)} where webhook_deliveries.status <> 'delivered'""",  # noqa: S608 - the columns are ours
    *types(Delivery),
)
LATEST = Statement(
    "latest_deliveries",
    """select row_to_json(found)::text from (select * from public.webhook_deliveries where webhook = $1
    order by last_at desc, position desc limit $2) as found""",
    TEXT,
    INT4,
)
WAITING = Statement(
    "waiting_deliveries",
    """select count(*)::text from public.webhook_deliveries as delivery join public.webhooks using (webhook)
    where status = 'waiting' and not deleted and delivery.run >= webhooks.run""",
)
PRUNE = Statement(
    "prune_deliveries",
    """delete from public.webhook_deliveries where webhook = $1 and status in ('delivered', 'passed_over') and last_at <
    (select last_at from public.webhook_deliveries where webhook = $1 order by last_at desc limit 1 offset $2)""",
    TEXT,
    INT4,
)
MAX_CONNECTIONS = 2
decode_webhook = msgspec.json.Decoder(KnownWebhook).decode


class CoveredCursor(Cursor, frozen=True):
    applied: str | None


decode_covered = msgspec.json.Decoder(CoveredCursor).decode
decode_cursor = msgspec.json.Decoder(Cursor).decode
decode_delivery = msgspec.json.Decoder(Delivery).decode


class PostgresDeliveries:
    """The deliveries in the database at `dsn`, which is set up if necessary (see `schema.set_up` for the errors)."""

    def __init__(self, dsn: Address | str) -> None:
        set_up(Address(dsn))
        self.pool = ConnectionPool(dsn, MAX_CONNECTIONS)

    def add(self, webhook: KnownWebhook) -> None:
        self.rows(ADD, *packed(webhook))

    def remove(self, webhook: str) -> None:
        self.rows(REMOVE, webhook.encode())

    def webhooks(self, owner: tuple[str, str, str] | None = None) -> list[KnownWebhook]:
        values = [name.encode() for name in owner] if owner else [None, None, None]
        return [decode_webhook(row) for row in self.rows(WEBHOOKS, *values)]

    def cursor(self, webhook: str) -> Cursor | None:
        return next((decode_cursor(row) for row in self.rows(CURSOR, webhook.encode())), None)

    def advance(self, webhook: str, cursor: Cursor, coverage: str | None = None) -> None:
        values = webhook.encode(), pack_int4(cursor.run), pack_int8(cursor.position)
        if coverage is None:
            self.rows(ADVANCE, *values)
        else:
            self.rows(ADVANCE_COVERED, *values, coverage_name(webhook).encode(), coverage.encode())

    def covered(self, webhook: str) -> tuple[Cursor, str | None] | None:
        found = [decode_covered(row) for row in self.rows(COVERED, webhook.encode(), coverage_name(webhook).encode())]
        return (Cursor(found[0].run, found[0].position), found[0].applied) if found else None

    def find(self, webhook: str, run: int, message: str) -> Delivery | None:
        return next((decode_delivery(row) for row in self.rows(FIND, webhook.encode(), pack_int4(run), message.encode())), None)

    def record(self, delivery: Delivery) -> None:
        self.rows(RECORD, *packed(delivery))

    def latest(self, webhook: str, limit: int) -> list[Delivery]:
        return [decode_delivery(row) for row in self.rows(LATEST, webhook.encode(), pack_int4(limit))]

    def waiting(self) -> int:
        return int(self.rows(WAITING)[0])

    def prune(self, webhook: str, keep: int) -> None:
        self.rows(PRUNE, webhook.encode(), pack_int4(keep - 1))

    def close(self) -> None:
        self.pool.close()

    def rows(self, statement: Statement, *values: bytes | None) -> list[bytes]:
        """Every statement here may be executed twice: the second time changes nothing."""
        result = self.pool.call_idempotent(statement, *values)
        return [result.get_value(row, 0) or b"" for row in range(result.ntuples)]


def pack_int4(value: int) -> bytes:
    return value.to_bytes(4, "big", signed=True)


def packed(struct: msgspec.Struct) -> list[bytes | None]:
    return [packed_value(TYPES.get(name, TEXT), value) for name, value in zip(struct.__struct_fields__, astuple(struct), strict=True)]


def packed_value(oid: int, value: str | int | None) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode()
    return pack_int8(value) if oid == INT8 else pack_int4(value)
