"""Tree heads in PostgreSQL, beside the log.

Heads are added by one statement. As a save of a checkpoint does, it locks the row of the lease's token first: a holder that lost its lease
adds nothing, and the next holder sees what this one has added.
"""

from collections.abc import Sequence

from psycopg import pq

from shared.address import Address
from shared.store.lease import Lease, lost
from shared.store.port import Held
from shared.store.postgres.binary_format import (
    INT4,
    INT8,
    INT8_ARRAY,
    TEXT,
    TEXT_ARRAY,
    pack_int8,
    pack_int8_array,
    pack_text_array,
    unpack_int8,
)
from shared.store.postgres.connection import Statement
from shared.store.postgres.pool import ConnectionPool
from shared.store.postgres.schema import set_up
from shared.store.tree_heads import TreeHead, moved_on

LAST = Statement("last_tree_head", "select size, position, note, subtrees, leaves from public.tree_heads order by size desc limit 1")
AFTER = Statement(
    "tree_heads_after",
    "select size, position, note, subtrees, leaves from public.tree_heads where size > $1 order by size limit $2",
    INT8,
    INT4,
)
ADD = Statement(
    "add_tree_heads",
    """with lease as materialized (select from public.leases where name = $7 and token = $8 for share),
    may as (select $7 is null or exists (select from lease) as hold, (select coalesce(max(size), 0) from public.tree_heads) = $6 as follow),
    added as (
        insert into public.tree_heads (size, position, note, subtrees, leaves)
        select head.* from may, unnest($1, $2, $3, $4, $5) as head where may.hold and may.follow
    )
    select hold::int::int8, follow::int::int8 from may""",
    INT8_ARRAY,
    INT8_ARRAY,
    TEXT_ARRAY,
    TEXT_ARRAY,
    TEXT_ARRAY,
    INT8,
    TEXT,
    INT8,
)
MAX_CONNECTIONS = 2


class PostgresTreeHeads:
    """The tree heads in the database at `dsn`, which is set up if necessary (see `schema.set_up` for the errors)."""

    def __init__(self, dsn: Address | str) -> None:
        set_up(Address(dsn))
        self.pool = ConnectionPool(dsn, MAX_CONNECTIONS)

    def last(self) -> TreeHead | None:
        return next(iter(heads_in(self.pool.call_idempotent(LAST))), None)

    def after(self, size: int, limit: int) -> list[TreeHead]:
        return heads_in(self.pool.call_idempotent(AFTER, pack_int8(size), limit.to_bytes(4, "big")))

    def add(self, heads: Sequence[TreeHead], after: int, held: Held) -> None:
        lease = (held.name.encode(), pack_int8(held.token)) if isinstance(held, Lease) else (None, None)
        numbers = (pack_int8_array([head.size for head in heads]), pack_int8_array([head.position for head in heads]))
        texts = (pack_text_array([getattr(head, name) for head in heads]) for name in ("note", "subtrees", "leaves"))
        answer = self.pool.call(ADD, *numbers, *texts, pack_int8(after), *lease)
        hold, follow = (unpack_int8(answer.get_value(0, column)) for column in range(2))
        if isinstance(held, Lease) and not hold:
            raise lost(held.name)
        if not follow:
            raise moved_on()

    def close(self) -> None:
        self.pool.close()


def heads_in(rows: pq.abc.PGresult) -> list[TreeHead]:
    return [head_in([rows.get_value(row, column) or b"" for column in range(rows.nfields)]) for row in range(rows.ntuples)]


def head_in(row: Sequence[bytes]) -> TreeHead:
    size, position, *texts = row
    return TreeHead(unpack_int8(size), unpack_int8(position), *(text.decode() for text in texts))
