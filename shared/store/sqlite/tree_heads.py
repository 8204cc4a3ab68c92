"""Tree heads in an SQLite file, beside the log or in a file of their own."""

import threading
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import astuple

from shared.store.lease import Lease, lost
from shared.store.port import Held
from shared.store.sqlite import checkpoints
from shared.store.sqlite.connections import open_for_writing, raises_unavailable
from shared.store.tree_heads import TreeHead, moved_on

SCHEMA = (Path(__file__).parent / "sql" / "tree_heads.sql").read_text()
SELECT_LAST = "select size, position, note, subtrees, leaves from tree_heads order by size desc limit 1"
SELECT_AFTER = "select size, position, note, subtrees, leaves from tree_heads where size > ? order by size limit ?"
SELECT_SIZE = "select coalesce(max(size), 0) from tree_heads"
SELECT_TOKEN = "select token from leases where name = ?"  # noqa: S105 - of a lease
INSERT = "insert into tree_heads (size, position, note, subtrees, leaves) values (?, ?, ?, ?, ?)"


class SqliteTreeHeads:
    """The tree heads in the file `path`, which has the leases, too, and is created if it does not exist."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.connection = open_for_writing(self.path, f"{checkpoints.SCHEMA}\n{SCHEMA}")
        self.lock = threading.Lock()  # one thread at a time uses the connection

    def last(self) -> TreeHead | None:
        return next(iter(self.select(SELECT_LAST)), None)

    def after(self, size: int, limit: int) -> list[TreeHead]:
        return self.select(SELECT_AFTER, size, limit)

    def add(self, heads: Sequence[TreeHead], after: int, held: Held) -> None:
        with self.lock, raises_unavailable(self.path):
            self.connection.execute("begin immediate")
            try:
                self.check(after, held)
                self.connection.executemany(INSERT, map(astuple, heads))
                self.connection.execute("commit")
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("rollback")

    def check(self, after: int, held: Held) -> None:
        if isinstance(held, Lease) and self.connection.execute(SELECT_TOKEN, (held.name,)).fetchone() != (held.token,):
            raise lost(held.name)
        if self.connection.execute(SELECT_SIZE).fetchone() != (after,):
            raise moved_on()

    def select(self, statement: str, *values: int) -> list[TreeHead]:
        with self.lock, raises_unavailable(self.path):
            rows = self.connection.execute(statement, values).fetchall()
        return [TreeHead(size, position, *(text.decode() for text in texts)) for size, position, *texts in rows]

    def close(self) -> None:
        with self.lock:
            self.connection.close()
