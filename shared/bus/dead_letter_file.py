"""The dead letters of the embedded broker, in an SQLite file (see `dead_letters.py`)."""

import builtins
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from shared.bus.dead_letter import DeadLetter, dead_letter
from shared.message import EventMessage, decode_event, encode
from shared.store.sqlite.connections import raises_unavailable

SQLITE_TIMEOUT_S = 30  # for a lock that another process holds
CREATE_LETTERS = """
create table if not exists letters (
    id integer primary key, service text not null, position integer not null, reason text not null, event blob not null,
    given_back integer not null default 0
)
"""
CREATE_FAILURES = """
create table if not exists failures (
    service text not null, position integer not null, attempts integer not null, first_failed_at text, last_failed_at text,
    primary key (service, position)
)
"""
LIST = """select service, event, reason, attempts, first_failed_at, last_failed_at
    from letters left join failures using (service, position)
    where given_back <= ? and service = coalesce(?, service) order by id"""
ADD = """insert into letters (service, position, reason, event) select :service, :position, :reason, :event where not exists
    (select 1 from letters where service = :service and position = :position and given_back = 0)"""
COUNT = """insert into failures values (:service, :position, :attempts, :first, :last) on conflict do update
    set attempts = attempts + excluded.attempts, last_failed_at = excluded.last_failed_at"""
FORGET = """delete from failures where not exists
    (select 1 from letters where letters.service = failures.service and letters.position = failures.position)"""


class FileDeadLetters:
    """The dead letters of the embedded broker, in a file beside the log that the services and the command line share."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.opened: sqlite3.Connection | None = None

    def connection(self) -> sqlite3.Connection:
        """The connection, opened when it is first needed; the file is made if it is missing."""
        if self.opened is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=SQLITE_TIMEOUT_S, isolation_level=None, check_same_thread=False)
            connection.execute("pragma journal_mode = wal")
            connection.execute(CREATE_LETTERS)
            connection.execute(CREATE_FAILURES)
            self.opened = connection
        return self.opened

    def execute(self, statement: str, *values: object) -> sqlite3.Cursor:
        with self.lock, raises_unavailable(self.path):
            return self.connection().execute(statement, values)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with self.lock, raises_unavailable(self.path), self.connection() as connection:  # which ends the transaction
            connection.execute("begin immediate")
            yield connection

    def count(self, service: str) -> int:
        if not self.path.exists():
            return 0
        return int(self.execute("select count(*) from letters where given_back = 0 and service = ?", service).fetchone()[0])

    def queue(self, service: str) -> None:
        return None

    def list(self, service: str | None = None) -> list[DeadLetter]:
        return self.select(given_back=0, service=service)

    def kept(self) -> builtins.list[DeadLetter]:
        return self.select(given_back=1, service=None)

    def select(self, *, given_back: int, service: str | None) -> builtins.list[DeadLetter]:
        if not self.path.exists():
            return []
        rows = self.execute(LIST, given_back, service).fetchall()
        return [dead_letter(name, decode_event(event), reason, *failures) for name, event, reason, *failures in rows]

    def replay(self, service: str | None = None) -> int:
        if not self.path.exists():
            return 0
        statement = "update letters set given_back = 1 where given_back = 0 and service = coalesce(?, service)"
        return self.execute(statement, service).rowcount

    def add(
        self, service: str, event: EventMessage, reason: str, attempts: int = 1, first: str | None = None, last: str | None = None
    ) -> None:
        """Add an event once, even if it fails several times before it is given back. All its attempts are counted together."""
        of_event = {"service": service, "position": event.position}
        with self.transaction() as connection:
            connection.execute(ADD, {**of_event, "reason": reason, "event": encode(event)})
            connection.execute(COUNT, {**of_event, "attempts": attempts, "first": first, "last": last})

    def put(self, letters: Sequence[DeadLetter]) -> None:
        for letter in letters:
            of_event = {"service": letter.service, "position": letter.position}
            failures = {"attempts": letter.attempts, "first": letter.first_failed_at, "last": letter.last_failed_at}
            with self.transaction() as connection:
                added = connection.execute(ADD, {**of_event, "reason": letter.reason, "event": encode(letter.event)}).rowcount
                if added and letter.attempts is not None:
                    connection.execute(COUNT, {**of_event, **failures})

    def given_back(self, service: str) -> builtins.list[tuple[int, EventMessage]]:
        """The events that the service must handle again, each with its id: `delete` it when that is done."""
        if not self.path.exists():
            return []
        rows = self.execute("select id, event from letters where given_back = 1 and service = ? order by id", service).fetchall()
        return [(id, decode_event(event)) for id, event in rows]

    def delete(self, id: int) -> None:
        """Delete an event that was handled again. If it failed again, it is there once more, and what is known of its failures stays."""
        with self.transaction() as connection:
            connection.execute("delete from letters where id = ?", (id,))
            connection.execute(FORGET)

    def close(self) -> None:
        if self.opened is not None:
            self.opened.close()
