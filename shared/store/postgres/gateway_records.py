"""What gateways know of each other, in PostgreSQL: see `shared.store.gateway_records`.

How it works
------------
Two gateways that claim one key at the same time meet in its row: the second statement waits for the first, and then sees what it wrote.
Keys are claimed in their order, so that two statements with several keys never wait for each other.

A claim is not flushed to the disk by itself (`synchronous_commit`). The append of its command is, later and in the same database: so a
crash of the server loses no claim of a command that was recorded. The end of a session is flushed before it is answered.
"""

from collections.abc import Sequence

from shared.address import Address
from shared.store.postgres.binary_format import INT8, TEXT, TEXT_ARRAY, pack_int8, pack_text_array, unpack_int8
from shared.store.postgres.connection import Statement
from shared.store.postgres.pool import ConnectionPool
from shared.store.postgres.schema import set_up

END_SESSION = Statement(
    "end_session", "insert into public.ended_sessions (id, expires_at) values ($1, $2) on conflict (id) do nothing", TEXT, INT8
)
ENDED_SESSIONS = Statement("ended_sessions", "select id, expires_at from public.ended_sessions where expires_at > $1", INT8)
KEEP_LINK = Statement("keep_link", "insert into public.login_links (link, opens, expires_at) values ($1, $2, $3)", TEXT, TEXT, INT8)
REDEEM_LINK = Statement("redeem_link", "delete from public.login_links where link = $1 and expires_at > $2 returning opens", TEXT, INT8)
CLAIM_KEYS = Statement(
    "claim_keys",
    """with unflushed as materialized (select set_config('synchronous_commit', 'off', true))
    insert into public.command_keys as known (key, asked, uses, expires_at)
    select claim.key, claim.asked, 1, $3 from unflushed, unnest($1, $2) as claim (key, asked)
    on conflict (key) do update
        set asked = excluded.asked, expires_at = excluded.expires_at,
            uses = case when known.asked = excluded.asked then known.uses + 1 else 1 end
        where known.asked = excluded.asked or known.uses <= 0 or known.expires_at <= $4
    returning key""",
    TEXT_ARRAY,
    TEXT_ARRAY,
    INT8,
    INT8,
)
RELEASE_KEYS = Statement("release_keys", "update public.command_keys set uses = uses - 1 where key = any ($1)", TEXT_ARRAY)
FORGET = (
    Statement("forget_sessions", "delete from public.ended_sessions where expires_at <= $1", INT8),
    Statement("forget_keys", "delete from public.command_keys where expires_at <= $1", INT8),
    Statement("forget_links", "delete from public.login_links where expires_at <= $1", INT8),
)
MAX_CONNECTIONS = 2
ANSWER_TIMEOUT_S = 4.0  # a part of the time in which the gateway answers


class PostgresGatewayRecords:
    """The records in the database at `dsn`, which is set up if necessary (see `schema.set_up` for the errors)."""

    def __init__(self, dsn: Address | str) -> None:
        set_up(Address(dsn))
        self.pool = ConnectionPool(dsn, MAX_CONNECTIONS, answer_timeout=ANSWER_TIMEOUT_S)

    def end_session(self, id: str, expires_at: int) -> None:
        self.pool.call_idempotent(END_SESSION, id.encode(), pack_int8(expires_at))

    def ended_sessions(self, now: int) -> dict[str, int]:
        rows = self.pool.call_idempotent(ENDED_SESSIONS, pack_int8(now))
        return {(rows.get_value(row, 0) or b"").decode(): unpack_int8(rows.get_value(row, 1)) for row in range(rows.ntuples)}

    def keep_link(self, link: str, opens: str, expires_at: int) -> None:
        with self.pool.connection() as connection:
            connection.call(KEEP_LINK, link.encode(), opens.encode(), pack_int8(expires_at))

    def redeem_link(self, link: str, now: int) -> str | None:
        with self.pool.connection() as connection:  # not asked again when its answer is lost: a link opens one session at most
            rows = connection.call(REDEEM_LINK, link.encode(), pack_int8(now))
        return (rows.get_value(0, 0) or b"").decode() if rows.ntuples else None

    def claim_keys(self, claims: Sequence[tuple[str, str]], expires_at: int, now: int) -> set[str]:
        ordered = sorted(claims)
        keys, asked = pack_text_array([key for key, _ in ordered]), pack_text_array([asked for _, asked in ordered])
        rows = self.pool.call_idempotent(CLAIM_KEYS, keys, asked, pack_int8(expires_at), pack_int8(now))
        return {(rows.get_value(row, 0) or b"").decode() for row in range(rows.ntuples)}

    def release_keys(self, keys: Sequence[str]) -> None:
        with self.pool.connection() as connection:  # counted down once
            connection.call(RELEASE_KEYS, pack_text_array(keys))

    def forget(self, before: int) -> None:
        for statement in FORGET:
            self.pool.call_idempotent(statement, pack_int8(before))

    def close(self) -> None:
        self.pool.close()
