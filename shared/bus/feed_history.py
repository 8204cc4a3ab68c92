"""What the stream journey.feed has seen, for an operator: it may know events that the log does not have any more.

Where each process has a user of its own, what others than the relay put there is passed over: whoever may reply to requests reaches every
queue, and RabbitMQ sees to it that nobody names another user in a message.

It blocks: it uses pika, and not the libraries of the green threads.
"""

import time
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from datetime import datetime
from typing import Any

from pika.exceptions import AMQPError, ChannelClosedByBroker

from shared.address import Address
from shared.bus.blocking import connect
from shared.cloud_event import read_cloud_event
from shared.errors import Unavailable
from shared.message import EventMessage

PREFETCH = 500  # messages that the broker sends before one of them is acknowledged
FIRST_S, NEXT_S = 2.0, 0.2  # for which a message is waited for; the broker sends what it has at once
LAST_CHUNK_S = 1.0  # for which the last chunk is read, however long others go on publishing behind it
NOT_FOUND = 404
LOOKED_BACK = 10_000  # messages before the last one, if none of the last chunk is of the publisher

Found = tuple[int, EventMessage]


def last_event(uri: Address, stream: str, publisher: str | None = None) -> Found | None:
    """The last event that was published, with its offset; None without a stream, or in an empty one.

    While others publish without a pause there is no end to wait for: then it is one of the last.

    Raises:
        Unavailable: the broker is away.
    """
    end, last = last_of(uri, stream, "last", publisher)
    if last is None and end is not None:
        _, last = last_of(uri, stream, max(0, end - LOOKED_BACK), publisher)
    return last


def last_of(uri: Address, stream: str, offset: str | int, publisher: str | None) -> tuple[int | None, Found | None]:
    """The last offset, and the last event of the publisher, from an offset on."""
    end, last, until = None, None, None
    with closing(read(uri, stream, offset, publisher)) as found:
        for end, event in found:
            last = (end, event) if event else last
            until = until or time.monotonic() + LAST_CHUNK_S
            if time.monotonic() > until:
                break
    return end, last


def events_since(uri: Address, stream: str, moment: datetime, publisher: str | None = None) -> Iterator[EventMessage]:
    """The events that were published from `moment` on, or a little before it, up to the present end. Some may come twice.

    Raises:
        Unavailable: the broker is away.
    """
    last = last_event(uri, stream, publisher)
    if last is None:
        return
    for offset, event in read(uri, stream, moment, publisher):
        if event:
            yield event
        if offset >= last[0]:
            return


def read(
    uri: Address, stream: str, offset: str | int | datetime, publisher: str | None
) -> Generator[tuple[int, EventMessage | None], None, None]:
    """The messages from an offset on, until none arrives any more; None in place of what others than the publisher put there."""
    try:
        connection = connect(uri)
    except (AMQPError, OSError) as fault:
        raise Unavailable(f"The broker cannot be reached now: {type(fault).__name__}") from fault
    try:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=PREFETCH)
        arguments: dict[str, Any] = {"x-stream-offset": offset}
        until = time.monotonic() + FIRST_S
        for method, properties, body in channel.consume(stream, arguments=arguments, inactivity_timeout=NEXT_S):
            if method is None:
                if time.monotonic() < until:
                    continue
                return
            until = 0.0
            genuine = publisher in (None, properties.user_id)
            yield int(properties.headers["x-stream-offset"]), read_cloud_event(body) if genuine else None
            channel.basic_ack(method.delivery_tag)
    except ChannelClosedByBroker as fault:
        if fault.reply_code != NOT_FOUND:
            raise Unavailable(f"RabbitMQ: {fault.reply_text}") from fault
    except AMQPError as fault:
        raise Unavailable(f"The broker went away: {type(fault).__name__}") from fault
    finally:
        with suppress(AMQPError):  # closing rejects the messages that pika has not shown, which a stream does not allow
            connection.close()
