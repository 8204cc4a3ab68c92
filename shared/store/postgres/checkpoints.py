"""Checkpoints in PostgreSQL, rows of the table `checkpoints`; leases are in lease.py.

How it works
------------
A save is an upsert that never lowers a position. One under a lease reads the row of the lease's token first and locks it until it is
committed. So either the save sees that another holder has counted the token up, and is refused; or the other holder waits until the save is
committed, and loads it. What was applied is written by the same statement.
"""

from contextlib import AbstractContextManager

from shared.address import Address
from shared.message import START, Position
from shared.store.lease import Lease, lost
from shared.store.port import Held
from shared.store.postgres import lease
from shared.store.postgres.binary_format import INT8, TEXT, pack_int8, unpack_int8
from shared.store.postgres.connection import Statement
from shared.store.postgres.pool import ConnectionPool
from shared.store.postgres.schema import set_up

LOAD = Statement("load", "select position from public.checkpoints where name = $1", TEXT)
SAVE = Statement(
    "save",
    """insert into public.checkpoints (name, position) values ($1, $2) on conflict (name) do update
    set position = excluded.position where excluded.position > checkpoints.position""",
    TEXT,
    INT8,
)
MAX_CONNECTIONS = 2  # beside one for each lease
SAVE_UNDER_LEASE = Statement(
    "save_under_lease",
    """with lease as materialized (select from public.leases where name = $3 and token = $4 for share),
    saved as (
        insert into public.checkpoints (name, position) select $1, $2 from lease on conflict (name) do update
        set position = excluded.position where excluded.position > checkpoints.position
    )
    select from lease""",
    TEXT,
    INT8,
    TEXT,
    INT8,
)
UPSERT_COVERED = """on conflict (name) do update set position = excluded.position
    where excluded.position >= checkpoints.position returning position"""
WRITE_COVERAGE = """insert into public.coverage (name, applied) select $1, $3 from saved
    on conflict (name) do update set applied = excluded.applied"""
SAVE_COVERED = Statement(
    "save_covered",
    f"with saved as (insert into public.checkpoints (name, position) values ($1, $2) {UPSERT_COVERED}) {WRITE_COVERAGE}",  # noqa: S608 - ours
    TEXT,
    INT8,
    TEXT,
)
SAVE_COVERED_UNDER_LEASE = Statement(
    "save_covered_under_lease",
    f"""with lease as materialized (select from public.leases where name = $4 and token = $5 for share),
    saved as (insert into public.checkpoints (name, position) select $1, $2 from lease {UPSERT_COVERED}),
    covered as ({WRITE_COVERAGE})
    select from lease""",  # noqa: S608 - the texts are ours
    TEXT,
    INT8,
    TEXT,
    TEXT,
    INT8,
)
LOAD_COVERED = Statement(
    "load_covered",
    """select coalesce((select position from public.checkpoints where name = $1), 0::bigint),
    (select applied from public.coverage where name = $1)""",
    TEXT,
)


class PostgresCheckpoints:
    """Checkpoints in the database at `dsn`, which is set up if necessary (see `schema.set_up` for the errors)."""

    def __init__(self, dsn: Address | str) -> None:
        self.dsn = Address(dsn)
        set_up(self.dsn)
        self.pool = ConnectionPool(dsn, MAX_CONNECTIONS)

    def load(self, name: str) -> Position:
        result = self.pool.call_idempotent(LOAD, name.encode())
        return unpack_int8(result.get_value(0, 0)) if result.ntuples else START

    def save(self, name: str, position: Position, held: Held = True, coverage: str | None = None) -> None:
        values: tuple[bytes, ...] = name.encode(), pack_int8(position)
        plain, under_lease = SAVE, SAVE_UNDER_LEASE
        if coverage is not None:
            values, plain, under_lease = (*values, coverage.encode()), SAVE_COVERED, SAVE_COVERED_UNDER_LEASE
        if not isinstance(held, Lease):
            self.pool.call_idempotent(plain, *values)
        elif not self.pool.call_idempotent(under_lease, *values, held.name.encode(), pack_int8(held.token)).ntuples:
            raise lost(held.name)

    def load_covered(self, name: str) -> tuple[Position, str | None]:
        result = self.pool.call_idempotent(LOAD_COVERED, name.encode())
        applied = result.get_value(0, 1)
        return unpack_int8(result.get_value(0, 0)), None if applied is None else applied.decode()

    def lease(self, name: str, timeout: float) -> AbstractContextManager[Held]:
        return lease.lease(self.dsn, name, timeout)

    def close(self) -> None:
        self.pool.close()
