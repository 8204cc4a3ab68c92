"""Events that a service could not handle: what they are, and how they are given back.

With RabbitMQ they wait in the queue `<service>.dead`. The embedded broker keeps nothing, so they wait in a file, where the running
service notices within a second that some are given back. No AMQP library of the green world is used here: this room is blocking.
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

from shared.bus.topology import DEAD_ARGUMENTS, REPLAY, dead, inbox, is_embedded
from shared.errors import Unavailable
from shared.message import EventMessage, Position, decode_event, encode

BY_THE_BROKER = "The process died in each of its attempts: the broker put the message aside."


class DeadLetter(Struct, frozen=True, kw_only=True):
    service: str
    kind: str
    position: Position
    reason: str
    event: EventMessage


class DeadLetters(Protocol):
    def list(self, service: str | None = None) -> list[DeadLetter]:
        """What is put aside, oldest first. Nothing is taken away."""

    def replay(self, service: str | None = None) -> int:
        """Give everything back to its service, which handles it again; how many."""


def dead_letters(uri: str, services: Sequence[str], path: Path) -> DeadLetters:
    return FileDeadLetters(path) if is_embedded(uri) else RabbitDeadLetters(uri, services)


class RabbitDeadLetters:
    def __init__(self, uri: str, services: Sequence[str]) -> None:
        self.uri = uri
        self.services = services

    def list(self, service: str | None = None) -> list[DeadLetter]:
        with self.connection() as connection:
            return [letter_of(name, properties, body) for name, _, _, properties, body in self.each(connection, service)]

    def replay(self, service: str | None = None) -> int:
        count = 0
        with self.connection() as connection:
            for name, channel, tag, properties, body in self.each(connection, service):
                given = pika.BasicProperties(delivery_mode=2, headers={REPLAY: True}, content_type=properties.content_type)
                channel.basic_publish("", inbox(name), body, given)
                channel.basic_ack(tag)
                count += 1
        return count

    @contextmanager
    def connection(self) -> Iterator[pika.BlockingConnection]:
        try:
            with closing(pika.BlockingConnection(pika.URLParameters(self.uri))) as connection:
                yield connection
        except (AMQPError, OSError) as fault:
            raise Unavailable(f"The broker cannot be reached now: {fault!r}") from fault

    def each(self, connection: pika.BlockingConnection, service: str | None) -> Iterator[tuple[str, BlockingChannel, int, Any, bytes]]:
        """Every waiting message, each once. What is not acknowledged goes back to its queue."""
        for name in [service] if service else self.services:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.queue_declare(dead(name), durable=True, arguments=DEAD_ARGUMENTS)
            seen: set[bytes] = set()  # what is given back may fail and be here again at once
            while (got := channel.basic_get(dead(name)))[0] is not None and got[2] not in seen:
                method, properties, body = got
                seen.add(body)
                yield name, channel, method.delivery_tag, properties, body
            channel.basic_nack(0, multiple=True, requeue=True)
            channel.close()


def letter_of(service: str, properties: Any, body: bytes) -> DeadLetter:
    event = decode_event(body)
    reason = (properties.headers or {}).get("reason", BY_THE_BROKER)
    return DeadLetter(service=service, kind=event.kind, position=event.position, reason=reason, event=event)


SCHEMA = """
create table if not exists letters (
    id integer primary key, service text not null, position integer not null, reason text not null, event blob not null,
    given_back integer not null default 0
)
"""


class FileDeadLetters:
    """Beside the log, in a file of its own; shared by the running services and the command line."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.lock = threading.Lock()
        self.connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self.connection.execute("pragma journal_mode = wal")
        self.connection.execute(SCHEMA)

    def run(self, statement: str, *values: object) -> sqlite3.Cursor:
        with self.lock:
            try:
                return self.connection.execute(statement, values)
            except sqlite3.OperationalError as fault:
                raise Unavailable(f"The dead letters cannot be reached now: {fault}") from fault

    def list(self, service: str | None = None) -> list[DeadLetter]:
        query = "select service, reason, event from letters where given_back = 0 and service = coalesce(?, service) order by id"
        return [kept(*row) for row in self.run(query, service).fetchall()]

    def replay(self, service: str | None = None) -> int:
        return self.run("update letters set given_back = 1 where given_back = 0 and service = coalesce(?, service)", service).rowcount

    def bury(self, service: str, event: EventMessage, reason: str) -> None:
        """Once per event, however often it comes back."""
        values = (service, event.position, reason, encode(event), service, event.position)
        self.run(
            """insert into letters (service, position, reason, event) select ?, ?, ?, ? where not exists
            (select 1 from letters where service = ? and position = ? and given_back = 0)""",
            *values,
        )

    def given_back(self, service: str) -> builtins.list[tuple[int, EventMessage]]:
        """What the service must handle again; it says `handled` after each."""
        rows = self.run("select id, event from letters where given_back = 1 and service = ? order by id", service).fetchall()
        return [(number, decode_event(event)) for number, event in rows]

    def handled(self, number: int) -> None:
        self.run("delete from letters where id = ?", number)

    def close(self) -> None:
        self.connection.close()


def kept(service: str, reason: str, body: bytes) -> DeadLetter:
    event = decode_event(body)
    return DeadLetter(service=service, kind=event.kind, position=event.position, reason=reason, event=event)
