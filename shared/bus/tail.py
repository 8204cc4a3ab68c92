"""Reading journey.feed, the stream for trusted back ends. It needs pika and nothing of ours but the shape of an event: copy it.

for offset, event in tail("amqp://…", "first"):
    ...
    keep(offset)                    # and start again at offset + 1
"""

from collections.abc import Iterator
from contextlib import suppress

import pika
from pika.exceptions import AMQPError

from shared.message import EventMessage, decode_event

FEED = "journey.feed"
PREFETCH = 500


def tail(uri: str, offset: int | str = "first") -> Iterator[tuple[int, EventMessage]]:
    """Every event of the stream from `offset` ("first", "last", "next", or a number) and then as they happen, without end.

    The stream holds what was published, so an event may come twice: its `position` tells. Raises pika's errors when the broker goes.
    """
    connection = pika.BlockingConnection(pika.URLParameters(uri))
    try:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=PREFETCH)
        for method, properties, body in channel.consume(FEED, arguments={"x-stream-offset": offset}):
            yield int(properties.headers["x-stream-offset"]), decode_event(body)
            channel.basic_ack(method.delivery_tag)
    finally:
        with suppress(AMQPError):  # pika gives back what it has not shown, and a stream takes nothing back
            connection.close()
