"""The database of the keys of persons, in an SQLite file of its own: see `shared.trust.personal.key_database`.

What is deleted is overwritten in the file (`secure_delete`), and the write-ahead log is emptied after a key was destroyed: the file alone
must not give back what was destroyed.
"""

import logging
import os
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection, DatabaseError

from shared.errors import Unavailable
from shared.message import Position
from shared.store.sqlite.connections import is_unavailable, open_for_writing, raises_unavailable, unavailable
from shared.trust.personal.key_database import KeyChanges

log = logging.getLogger(__name__)

SCHEMA = (Path(__file__).parent / "sql" / "person_keys.sql").read_text()
SELECT = "select wrapped from person_keys where person = ?"
ADD = "insert into person_keys (person, wrapped) values (?, ?) on conflict (person) do nothing"
POSITION = "select position from person_keys_position"
MOVE = "update person_keys_position set position = ? where position = ?"
DESTROY = "insert into person_keys (person, wrapped) values (?, null) on conflict (person) do update set wrapped = null"
MERGE = "insert into person_merges (merged, kept) values (?, ?) on conflict (merged) do update set kept = excluded.kept"
SEPARATE = "delete from person_merges where merged = ?"
RECORDS = """with recursive record (person) as (
        select ? union select merged from person_merges join record on person_merges.kept = record.person)
    select person from record"""
FORGET_TOKENS = "delete from person_tokens where person = ?"
INDEX = """insert into person_tokens (token, person)
    select ?1, ?2 where exists (select 1 from person_keys where person = ?2 and wrapped is not null)"""
FIND = """select person from person_tokens where token in (select value from json_each(?1))
    group by person having count(*) = json_array_length(?1) order by person limit ?2"""
AFTER = "select person, wrapped from person_keys where person > ? and wrapped is not null order by person limit ?"
REWRAP = "update person_keys set wrapped = ? where person = ? and wrapped = ?"
EMPTY_WAL = "pragma wal_checkpoint(truncate)"
ATTEMPTS, BETWEEN_S = 50, 0.1


def make_private(path: Path) -> None:
    """Make the file before SQLite does: what it puts beside it has the same mode."""
    with raises_unavailable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT, 0o600))


class SqlitePersonKeys:
    """The keys in the file `path`, which is created if it does not exist. Only its owner may read it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        make_private(path)
        self.connection = open_for_writing(path, SCHEMA)
        self.empty_wal()  # a process may have died before it did
        self.lock = threading.Lock()  # one thread at a time uses the connection

    def keys_of(self, persons: Collection[str]) -> dict[str, str | None]:
        with self.lock, raises_unavailable(self.path):
            rows = {person: self.connection.execute(SELECT, (person,)).fetchone() for person in persons}
        return {person: row[0] and row[0].decode() for person, row in rows.items() if row}

    def add(self, keys: Mapping[str, str]) -> None:
        with self.transaction() as connection:
            connection.executemany(ADD, keys.items())

    def position(self) -> Position:
        with self.lock, raises_unavailable(self.path):
            position: Position = self.connection.execute(POSITION).fetchone()[0]
        return position

    def apply(self, changes: KeyChanges, after: Position, position: Position) -> None:
        with self.transaction() as connection:
            if not connection.execute(MOVE, (position, after)).rowcount:
                raise Unavailable("another process has followed the log for the keys of persons")
            for person, tokens in changes.tokens.items():
                connection.execute(FORGET_TOKENS, (person,))
                connection.executemany(INDEX, [(token, person) for token in tokens])
            for merged, kept in changes.merged.items():
                connection.execute(*((SEPARATE, (merged,)) if kept is None else (MERGE, (merged, kept))))
            for person in changes.destroyed:
                for (record,) in connection.execute(RECORDS, (person,)).fetchall():
                    connection.execute(DESTROY, (record.decode(),))
                    connection.execute(FORGET_TOKENS, (record.decode(),))
        if changes.destroyed:
            with self.lock:
                self.empty_wal()

    def empty_wal(self) -> None:
        """Wait for whoever reads: until they are done, what was destroyed is in the write-ahead log."""
        for _ in range(ATTEMPTS):
            with raises_unavailable(self.path):
                (busy, *_), *_ = self.connection.execute(EMPTY_WAL).fetchall()
            if not busy:
                return
            time.sleep(BETWEEN_S)
        log.warning("%s: others read, and a destroyed key stays in the write-ahead log until the next start", self.path)

    def persons_with(self, tokens: Collection[str], limit: int) -> list[str]:
        wanted = "[" + ",".join(f'"{token}"' for token in set(tokens)) + "]"
        with self.lock, raises_unavailable(self.path):
            return [person.decode() for (person,) in self.connection.execute(FIND, (wanted, limit))]

    def wrapped_after(self, person: str, limit: int) -> dict[str, str]:
        with self.lock, raises_unavailable(self.path):
            return {one.decode(): wrapped.decode() for one, wrapped in self.connection.execute(AFTER, (person, limit))}

    def rewrap(self, keys: Mapping[str, tuple[str, str]]) -> None:
        with self.transaction() as connection:
            connection.executemany(REWRAP, [(new, person, old) for person, (old, new) in keys.items()])

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with self.lock:
            try:
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
