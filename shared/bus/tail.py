"""A reader of journey.feed, the stream for trusted back ends. It needs little beside pika, so it can be copied.

for offset, event in tail("amqp://…", "first"):
    ...
    save(offset)                    # and resume at offset + 1
"""

from collections.abc import Iterator
from contextlib import suppress

from pika.exceptions import AMQPError

from shared.address import Address
from shared.bus.blocking import ROUNDS, connect
from shared.bus.brokers import reason
from shared.cloud_event import read_cloud_event
from shared.errors import Unavailable
from shared.message import EventMessage

PREFETCH = 500  # messages that the broker sends before one of them is acknowledged


def tail(
    uri: Address | str, offset: int | str = "first", stream: str = "journey.feed", publisher: str | None = None
) -> Iterator[tuple[int, EventMessage]]:
    """Every event from `offset` ("first", "last", "next" or a number), and then new events as they arrive, without end.

    `uri` may name several brokers, separated by `;`, which are tried in turn. The name of the `stream` begins with that of its
    environment, if it has one.

    The relay may publish an event twice: compare its `position` with that of the last event. What others than the `publisher` put there is
    passed over, if one is named (`names.Names.user`): RabbitMQ sees to it that nobody names another user.

    Raises:
        Unavailable: the broker is away.
    """
    try:
        connection = connect(uri, ROUNDS)
    except (AMQPError, OSError) as fault:
        raise Unavailable(Address(uri).conceal(f"The broker cannot be reached now: {reason(fault)}")) from fault
    try:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=PREFETCH)
        for method, properties, body in channel.consume(stream, arguments={"x-stream-offset": offset}):
            if publisher in (None, properties.user_id):
                yield int(properties.headers["x-stream-offset"]), read_cloud_event(body)
            channel.basic_ack(method.delivery_tag)
    except AMQPError as fault:
        raise Unavailable(f"The broker went away: {type(fault).__name__}") from fault
    finally:
        with suppress(AMQPError):  # closing rejects the messages that pika has not shown, which a stream does not allow
            connection.close()
