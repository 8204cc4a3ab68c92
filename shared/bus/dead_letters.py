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
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any, Protocol

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import AMQPError, ChannelClosedByBroker

from shared.address import Address
from shared.bus.blocking import ROUNDS, connect
from shared.bus.brokers import reason
from shared.bus.dead_letter import DeadLetter, dead_letter
from shared.bus.dead_letter_file import FileDeadLetters
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
from shared.message import decode_event, encode

NOT_FOUND = 404
DELIVERY_LIMIT_REASON = f"{PROCESS_DIED} its attempts: the broker put the message aside."


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
            return waiting(connection.channel(), self.queue(service)) or 0

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
            for service in {letter.service for letter in letters}:
                channel.queue_declare(self.names.dead_letters(service), durable=True, arguments=DEAD_LETTER_ARGUMENTS)
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
            if waiting(channel, self.names.dead_letters(name)) is None:
                continue
            channel.confirm_delivery()
            seen: set[bytes] = set()  # a replayed event may fail and return at once, or be there twice after a crash: it is given once
            while (got := channel.basic_get(self.names.dead_letters(name)))[0] is not None:
                method, properties, body = got
                if body not in seen:
                    seen.add(body)
                    yield name, channel, method.delivery_tag, properties, body
            channel.basic_nack(0, multiple=True, requeue=True)
            channel.close()


def waiting(channel: BlockingChannel, queue: str) -> int | None:
    """How many messages wait in a queue; None, and the channel is closed, if no service has declared it yet."""
    try:
        return int(channel.queue_declare(queue, passive=True).method.message_count)
    except ChannelClosedByBroker as fault:
        if fault.reply_code != NOT_FOUND:
            raise
        return None


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
