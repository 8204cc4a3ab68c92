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
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import pika
from msgspec import Struct
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError

from shared.bus.names import SOLE, Names
from shared.bus.topology import DEAD_LETTER_ARGUMENTS, REPLAY_HEADER, is_embedded
from shared.errors import Unavailable
from shared.message import EventMessage, Position, decode_event, encode

DELIVERY_LIMIT_REASON = "The process died in each of its attempts: the broker put the message aside."
SQLITE_TIMEOUT_S = 30  # for a lock that another process holds


class DeadLetter(Struct, frozen=True, kw_only=True):
    """An event that `service` could not handle. `reason` holds no data of other rows: see `inbox.public_reason`."""

    service: str
    kind: str
    position: Position
    reason: str
    event: EventMessage


def dead_letter(service: str, event: EventMessage, reason: str) -> DeadLetter:
    return DeadLetter(service=service, kind=event.kind, position=event.position, reason=reason, event=event)


class DeadLetters(Protocol):
    """What an operator does with dead letters. Raises Unavailable when the broker or the file cannot be reached."""

    def list(self, service: str | None = None) -> list[DeadLetter]:
        """The dead letters of a service, or of all, oldest first. Changes nothing."""

    def replay(self, service: str | None = None) -> int:
        """Give all of them back to their service, which handles them again; returns how many."""


def dead_letters(uri: str, services: Sequence[str], path: Path, names: Names = SOLE) -> DeadLetters:
    """The dead letters of the broker at `uri`. `path` is the file for the embedded broker."""
    return FileDeadLetters(path) if is_embedded(uri) else RabbitDeadLetters(uri, services, names)


class RabbitDeadLetters:
    def __init__(self, uri: str, services: Sequence[str], names: Names = SOLE) -> None:
        self.uri = uri
        self.names = names
        self.services = services

    def list(self, service: str | None = None) -> list[DeadLetter]:
        with self.open_connection() as connection:
            return [dead_letter_of(name, properties, body) for name, _, _, properties, body in self.messages(connection, service)]

    def replay(self, service: str | None = None) -> int:
        count = 0
        with self.open_connection() as connection:
            for name, channel, tag, properties, body in self.messages(connection, service):
                replayed = pika.BasicProperties(delivery_mode=2, headers={REPLAY_HEADER: True}, content_type=properties.content_type)
                channel.basic_publish("", self.names.inbox(name), body, replayed)  # returns when the broker has confirmed it
                channel.basic_ack(tag)
                count += 1
        return count

    @contextmanager
    def open_connection(self) -> Iterator[pika.BlockingConnection]:
        try:
            with closing(pika.BlockingConnection(pika.URLParameters(self.uri))) as connection:
                yield connection
        except (AMQPError, OSError) as fault:
            raise Unavailable(f"The broker cannot be reached now: {fault!r}") from fault

    def messages(self, connection: pika.BlockingConnection, service: str | None) -> Iterator[tuple[str, BlockingChannel, int, Any, bytes]]:
        """Every message that waits, once: (service, channel, delivery tag, properties, body).

        Those that the caller does not acknowledge return to their queue when the next service is reached.
        """
        for name in [service] if service else self.services:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.queue_declare(self.names.dead_letters(name), durable=True, arguments=DEAD_LETTER_ARGUMENTS)
            seen: set[bytes] = set()  # a replayed event may fail and return at once: it is not given again
            while (got := channel.basic_get(self.names.dead_letters(name)))[0] is not None and got[2] not in seen:
                method, properties, body = got
                seen.add(body)
                yield name, channel, method.delivery_tag, properties, body
            channel.basic_nack(0, multiple=True, requeue=True)
            channel.close()


def dead_letter_of(service: str, properties: Any, body: bytes) -> DeadLetter:
    """From a message: without a header `reason`, the broker moved it."""
    return dead_letter(service, decode_event(body), (properties.headers or {}).get("reason", DELIVERY_LIMIT_REASON))


CREATE_TABLE = """
create table if not exists letters (
    id integer primary key, service text not null, position integer not null, reason text not null, event blob not null,
    given_back integer not null default 0
)
"""


class FileDeadLetters:
    """The dead letters of the embedded broker, in a file beside the log that the services and the command line share."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.lock = threading.Lock()
        self.connection = sqlite3.connect(path, timeout=SQLITE_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        self.connection.execute("pragma journal_mode = wal")
        self.connection.execute(CREATE_TABLE)

    def execute(self, statement: str, *values: object) -> sqlite3.Cursor:
        with self.lock:
            try:
                return self.connection.execute(statement, values)
            except sqlite3.OperationalError as fault:
                raise Unavailable(f"The dead letters cannot be reached now: {fault}") from fault

    def list(self, service: str | None = None) -> list[DeadLetter]:
        query = "select service, event, reason from letters where given_back = 0 and service = coalesce(?, service) order by id"
        return [dead_letter(name, decode_event(event), reason) for name, event, reason in self.execute(query, service).fetchall()]

    def replay(self, service: str | None = None) -> int:
        statement = "update letters set given_back = 1 where given_back = 0 and service = coalesce(?, service)"
        return self.execute(statement, service).rowcount

    def add(self, service: str, event: EventMessage, reason: str) -> None:
        """Add an event once, even if it fails several times before it is given back."""
        values = (service, event.position, reason, encode(event), service, event.position)
        self.execute(
            """insert into letters (service, position, reason, event) select ?, ?, ?, ? where not exists
            (select 1 from letters where service = ? and position = ? and given_back = 0)""",
            *values,
        )

    def given_back(self, service: str) -> builtins.list[tuple[int, EventMessage]]:
        """The events that the service must handle again, each with its id: `delete` it when that is done."""
        rows = self.execute("select id, event from letters where given_back = 1 and service = ? order by id", service).fetchall()
        return [(id, decode_event(event)) for id, event in rows]

    def delete(self, id: int) -> None:
        self.execute("delete from letters where id = ?", id)

    def close(self) -> None:
        self.connection.close()
