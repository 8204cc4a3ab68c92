"""Names and declarations: one exchange, one inbox and one place for the dead per service, one stream for trusted back ends.

Everything is declared again at each connection, so a broker that comes back empty is furnished by whoever comes first. The
channel is any channel of kombu. The embedded broker takes the same declarations and keeps what it knows of them.
"""

from collections.abc import Collection, Iterator
from typing import Any

from shared.message import EventMessage

EMBEDDED = "embedded"
EVENTS = "journey.events"
DEAD = "journey.dead"
FEED = "journey.feed"
EVERYTHING = "#"
DELIVERY_LIMIT = 5  # deliveries of one message that may kill a process before the broker itself puts it aside
NO_LIMIT = 1_000_000_000  # dead letters are looked at without end; RabbitMQ 4 would drop them at the twentieth look
DEAD_ARGUMENTS = {"x-queue-type": "quorum", "x-delivery-limit": NO_LIMIT}
FEED_BYTES = 20_000_000_000
EMBEDDED_LENGTH = 10_000  # messages waiting in memory for one service; the oldest give way and are read in the log

PERSISTENT = 2
REPLAY = "replay"  # header of a dead letter given back: handled again although the checkpoint is past it


def routing_key(event: EventMessage) -> str:
    return f"{event.territory}.{event.kind}"


def inbox(service: str) -> str:
    return f"{service}.inbox"


def dead(service: str) -> str:
    return f"{service}.dead"


def is_embedded(uri: str) -> bool:
    return uri.partition(":")[0] == EMBEDDED


def declare_exchange(channel: Any) -> None:
    channel.exchange_declare(exchange=EVENTS, type="topic", durable=True, auto_delete=False)


def declare_feed(channel: Any) -> None:
    arguments = {"x-queue-type": "stream", "x-max-length-bytes": FEED_BYTES}
    channel.queue_declare(queue=FEED, durable=True, auto_delete=False, arguments=arguments)


def keys(kinds: Collection[str] | None) -> Iterator[str]:
    """What an inbox is bound to: the kinds that it reads, of every territory; or everything."""
    yield from [EVERYTHING] if kinds is None else (f"{EVERYTHING}.{kind}" for kind in sorted(kinds))


def declare_inbox(channel: Any, service: str, kinds: Collection[str] | None = None) -> None:
    declare_exchange(channel)
    declare_dead(channel, service)
    channel.queue_declare(queue=inbox(service), durable=True, auto_delete=False, arguments=inbox_arguments(service))
    for key in keys(kinds):
        channel.queue_bind(queue=inbox(service), exchange=EVENTS, routing_key=key)
    if kinds is not None:
        channel.queue_unbind(queue=inbox(service), exchange=EVENTS, routing_key=EVERYTHING)  # from when it was given everything


def inbox_arguments(service: str) -> dict[str, Any]:
    return {
        "x-queue-type": "quorum",
        "x-single-active-consumer": True,
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": DEAD,
        "x-dead-letter-routing-key": service,
    }


def declare_dead(channel: Any, service: str) -> None:
    channel.exchange_declare(exchange=DEAD, type="direct", durable=True, auto_delete=False)
    channel.queue_declare(queue=dead(service), durable=True, auto_delete=False, arguments=DEAD_ARGUMENTS)
    channel.queue_bind(queue=dead(service), exchange=DEAD, routing_key=service)


def declare_embedded_inbox(channel: Any, service: str, kinds: Collection[str] | None = None) -> None:
    declare_exchange(channel)
    channel.queue_declare(queue=inbox(service), durable=True, auto_delete=False, arguments={"x-max-length": EMBEDDED_LENGTH})
    for key in keys(kinds):
        channel.queue_bind(queue=inbox(service), exchange=EVENTS, routing_key=key)
