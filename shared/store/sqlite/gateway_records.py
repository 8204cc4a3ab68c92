"""What gateways know of each other, in an SQLite file of its own: see `shared.store.gateway_records`.

A claim is a commit that is not flushed to the disk (`synchronous = normal`): a process that is killed loses none, a power cut may lose the
last ones. The end of a session is flushed before it is answered.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection, DatabaseError

from shared.store.sqlite.connections import is_unavailable, open_for_writing, raises_unavailable, unavailable

SCHEMA = (Path(__file__).parent / "sql" / "gateway_records.sql").read_text()
END_SESSION = "insert into ended_sessions (id, expires_at) values (?, ?) on conflict (id) do nothing"
ENDED_SESSIONS = "select id, expires_at from ended_sessions where expires_at > ?"
KEEP_LINK = "insert into login_links (link, opens, expires_at) values (?, ?, ?)"
REDEEM_LINK = "delete from login_links where link = ? and expires_at > ? returning opens"
CLAIM_KEY = """insert into command_keys as known (key, asked, uses, expires_at) values (?, ?, 1, ?)
    on conflict (key) do update
        set asked = excluded.asked, expires_at = excluded.expires_at,
            uses = case when known.asked = excluded.asked then known.uses + 1 else 1 end
        where known.asked = excluded.asked or known.uses <= 0 or known.expires_at <= ?
    returning key"""
RELEASE_KEY = "update command_keys set uses = uses - 1 where key = ?"
FORGET = (
    "delete from ended_sessions where expires_at <= ?",
    "delete from command_keys where expires_at <= ?",
    "delete from login_links where expires_at <= ?",
)


class SqliteGatewayRecords:
    """The records in the file `path`, which is created if it does not exist."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = open_for_writing(path, SCHEMA)
        self.lock = threading.Lock()  # one thread at a time uses the connection

    def end_session(self, id: str, expires_at: int) -> None:
        with self.transaction("full") as connection:
            connection.execute(END_SESSION, (id, expires_at))

    def ended_sessions(self, now: int) -> dict[str, int]:
        with self.lock, raises_unavailable(self.path):
            return {id.decode(): expires_at for id, expires_at in self.connection.execute(ENDED_SESSIONS, (now,))}

    def keep_link(self, link: str, opens: str, expires_at: int) -> None:
        with self.transaction("full") as connection:
            connection.execute(KEEP_LINK, (link, opens, expires_at))

    def redeem_link(self, link: str, now: int) -> str | None:
        with self.transaction("full") as connection:
            found = connection.execute(REDEEM_LINK, (link, now)).fetchall()
        return found[0][0].decode() if found else None

    def claim_keys(self, claims: Sequence[tuple[str, str]], expires_at: int, now: int) -> set[str]:
        with self.transaction("normal") as connection:
            return {key for key, asked in claims if connection.execute(CLAIM_KEY, (key, asked, expires_at, now)).fetchall()}

    def release_keys(self, keys: Sequence[str]) -> None:
        with self.transaction("normal") as connection:
            connection.executemany(RELEASE_KEY, [(key,) for key in keys])

    def forget(self, before: int) -> None:
        with self.transaction("normal") as connection:
            for statement in FORGET:
                connection.execute(statement, (before,))

    @contextmanager
    def transaction(self, synchronous: str) -> Iterator[Connection]:
        with self.lock:
            try:
                self.connection.execute(f"pragma synchronous = {synchronous}")
                self.connection.execute("begin immediate")
                yield self.connection
                self.connection.execute("commit")
            except (DatabaseError, OSError) as fault:
                if is_unavailable(fault):
                    raise unavailable(self.path, fault) from fault
                raise
            finally:
                if self.connection.in_transaction:
                    self.connection.rollback()

    def close(self) -> None:
        with self.lock:
            self.connection.close()
