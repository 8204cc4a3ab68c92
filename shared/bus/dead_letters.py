"""Dead letters: events that a service could not handle, and how an operator gives them back.

How it works
------------
An event becomes a dead letter in one of two ways. A policy failed on it in each of its attempts (`policy_inbox.py`): then the inbox
adds it, with the reason. Or its message killed the consumer DELIVERY_LIMIT times: then RabbitMQ moves the message itself, without a
reason. In both cases the inbox goes on with the next event.

An operator lists them (`parcours dead list`), mends the cause, and gives them back (`parcours dead replay`). The service then handles
each of them again, although its checkpoint is past them. One that fails again becomes a dead letter again.

Where they are depends on the broker:

- RabbitMQ: in the queue `<service>.dead`. `list` gets every message without acknowledging it, and then returns all of them to the
  queue. `replay` publishes each into the service's inbox with REPLAY_HEADER, waits for the confirm, and only then acknowledges it.
- embedded: in an SQLite file, since that broker keeps nothing. `replay` marks the rows as given back. The running service looks for
  marked rows twice a second (InboxConsumer.redeliver_dead_letters), handles each event, and then deletes its row.

This module blocks: it uses pika, and not the libraries of the green threads.
"""

import builtins
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any, Protocol

import pika
from msgspec import Struct
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError

from shared.address import Address
from shared.bus.blocking import ROUNDS, connect
from shared.bus.brokers import reason
from shared.bus.names import SOLE, Names
from shared.bus.topology import (
    ATTEMPTS_HEADER,
    DEAD_LETTER_ARGUMENTS,
    FIRST_FAILED_HEADER,
    LAST_FAILED_HEADER,
    PROCESS_DIED,
    REPLAY_HEADER,
    is_embedded,
)
from shared.errors import Unavailable
from shared.message import EventMessage, Position, decode_event, encode
from shared.store.sqlite.connections import raises_unavailable

DELIVERY_LIMIT_REASON = f"{PROCESS_DIED} its attempts: the broker put the message aside."
SQLITE_TIMEOUT_S = 30  # for a lock that another process holds


class DeadLetter(Struct, frozen=True, kw_only=True):
    """An event that `service` could not handle. `reason` holds no data of other rows: see `inbox.public_reason`.

    `attempts` are all that there were, also before it was given back. The times are in ISO format, in UTC. What is not known is null: of
    a message that the broker moved, and of letters of earlier releases.
    """

    service: str
    kind: str
    position: Position
    reason: str
    attempts: int | None = None
    first_failed_at: str | None = None
    last_failed_at: str | None = None
    event: EventMessage


def dead_letter(service: str, event: EventMessage, reason: str, *failures: Any) -> DeadLetter:
    """`failures` are the attempts, and when the first and the last one failed."""
    attempts, first, last = failures or (None, None, None)
    known = {"attempts": attempts, "first_failed_at": first, "last_failed_at": last}
    return DeadLetter(service=service, kind=event.kind, position=event.position, reason=reason, event=event, **known)


class DeadLetters(Protocol):
    """What an operator does with dead letters. Raises Unavailable when the broker or the file cannot be reached."""

    def list(self, service: str | None = None) -> list[DeadLetter]:
        """The dead letters of a service, or of all, oldest first. Changes nothing."""

    def count(self, service: str) -> int:
        """How many of a service wait for an operator. While another process lists them, fewer."""

    def queue(self, service: str) -> str | None:
        """The name of the queue in which the broker keeps those of a service; None where they are in a file."""

    def replay(self, service: str | None = None) -> int:
        """Give all of them back to their service, which handles them again; returns how many."""

    def kept(self) -> builtins.list[DeadLetter]:
        """All that a backup keeps: also those that were given back, as long as it can be known that they are not handled yet."""

    def put(self, letters: Sequence[DeadLetter]) -> None:
        """Put letters of a backup back. One that is there already, of the same event, stays as it is."""


def dead_letters(uri: Address | str, services: Sequence[str], path: Path, names: Names = SOLE) -> DeadLetters:
    """The dead letters of the broker at `uri`. `path` is the file for the embedded broker."""
    return FileDeadLetters(path) if is_embedded(uri) else RabbitDeadLetters(uri, services, names)


class RabbitDeadLetters:
    def __init__(self, uri: Address | str, services: Sequence[str], names: Names = SOLE) -> None:
        self.uri = Address(uri)
        self.names = names
        self.services = services
        self.reading = threading.Lock()  # of two that list at once, each would get a part

    def count(self, service: str) -> int:
        with self.open_connection() as connection:
            queue = connection.channel().queue_declare(self.queue(service), durable=True, arguments=DEAD_LETTER_ARGUMENTS)
            return int(queue.method.message_count)

    def queue(self, service: str) -> str:
        return self.names.dead_letters(service)

    def list(self, service: str | None = None) -> list[DeadLetter]:
        with self.reading, self.open_connection() as connection:
            return [dead_letter_of(name, properties, body) for name, _, _, properties, body in self.messages(connection, service)]

    def replay(self, service: str | None = None) -> int:
        count = 0
        with self.open_connection() as connection:
            for name, channel, tag, properties, body in self.messages(connection, service):
                headers = {**failures_of(properties.headers or {}), REPLAY_HEADER: True}
                replayed = pika.BasicProperties(delivery_mode=2, headers=headers, content_type=properties.content_type)
                channel.basic_publish("", self.names.inbox(name), body, replayed)  # returns when the broker has confirmed it
                channel.basic_ack(tag)
                count += 1
        return count

    def kept(self) -> builtins.list[DeadLetter]:
        return self.list()

    def put(self, letters: Sequence[DeadLetter]) -> None:
        there = {(letter.service, letter.event.id) for letter in self.list()}
        with self.open_connection() as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            for letter in letters:
                if (letter.service, letter.event.id) not in there:
                    properties = pika.BasicProperties(delivery_mode=2, headers=headers_of(letter), message_id=str(letter.event.id))
                    channel.basic_publish("", self.names.dead_letters(letter.service), encode(letter.event), properties)

    @contextmanager
    def open_connection(self) -> Iterator[pika.BlockingConnection]:
        try:
            with closing(connect(self.uri, ROUNDS)) as connection:
                yield connection
        except (AMQPError, OSError) as fault:
            raise Unavailable(self.uri.conceal(f"The broker cannot be reached now: {reason(fault)}")) from fault

    def messages(self, connection: pika.BlockingConnection, service: str | None) -> Iterator[tuple[str, BlockingChannel, int, Any, bytes]]:
        """Every message that waits, once: (service, channel, delivery tag, properties, body).

        Those that the caller does not acknowledge return to their queue when the next service is reached.
        """
        for name in [service] if service else self.services:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.queue_declare(self.names.dead_letters(name), durable=True, arguments=DEAD_LETTER_ARGUMENTS)
            seen: set[bytes] = set()  # a replayed event may fail and return at once, or be there twice after a crash: it is given once
            while (got := channel.basic_get(self.names.dead_letters(name)))[0] is not None:
                method, properties, body = got
                if body not in seen:
                    seen.add(body)
                    yield name, channel, method.delivery_tag, properties, body
            channel.basic_nack(0, multiple=True, requeue=True)
            channel.close()


def dead_letter_of(service: str, properties: Any, body: bytes) -> DeadLetter:
    """From a message: without a header `reason`, the broker moved it."""
    headers = properties.headers or {}
    failures = failures_of(headers)
    return dead_letter(service, decode_event(body), headers.get("reason", DELIVERY_LIMIT_REASON), *map(failures.get, FAILURES))


def failures_of(headers: Mapping[str, Any]) -> dict[str, Any]:
    """What the headers of a dead letter tell of its failures: those of the inbox, or when the broker moved it (`x-death`)."""
    known = {name: headers[name] for name in FAILURES if name in headers}
    moved_at = next((death.get("time") for death in headers.get("x-death") or ()), None)
    if not known and moved_at is not None:
        known[LAST_FAILED_HEADER] = moved_at.replace(tzinfo=UTC).isoformat()  # pika gives UTC without saying so
    return known


def headers_of(letter: DeadLetter) -> dict[str, Any]:
    known = {name: value for name in FAILURES if (value := getattr(letter, name)) is not None}
    return {"service": letter.service, "kind": letter.kind, "position": letter.position, "reason": letter.reason} | known


FAILURES = (ATTEMPTS_HEADER, FIRST_FAILED_HEADER, LAST_FAILED_HEADER)
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
