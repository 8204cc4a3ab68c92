"""Declarations of exchanges and queues.

How it works
------------
    relay ──> journey.events (topic exchange) ──> <service>.inbox      one queue per service, bound to the event kinds that it reads
    relay ──> journey.feed   (stream)                                  every event, for trusted back ends outside the product
reporting ──> journey.figures (stream)                                 which figures moved, for the same
              journey.dead   (direct exchange) ──> <service>.dead      events that a service could not handle

In a named environment, each of these names begins with the name of the environment (`names.py`).

              nameko-rpc     (topic exchange) ──> <service>.requests   requests, until their callers give up; replies need no queue

The routing key of an event is `<territory>.<kind>`, for example `alencon.coaching.JourneyOpened`. A service's inbox is bound to
`#.<kind>` for each kind that it reads, or to `#` for every event.

An inbox is a quorum queue with a single active consumer, so its messages are handled in order. If a message kills its consumer
DELIVERY_LIMIT times, the broker itself moves it to the dead letters.

Every process declares what it uses each time it connects. A broker that comes back empty is therefore complete again as soon as the
processes have reconnected, and nobody has to set it up. An exchange that is there is not declared: the right to do so is the right to
delete it, and where each process has a user of its own, the definitions of those users bring the exchanges (deploy/broker_users.py).

The functions take a channel of kombu or amqp. The embedded broker accepts the same declarations, without quorum queues, dead letters or
a stream; it drops the oldest messages of a queue over EMBEDDED_MAX_LENGTH, which the inbox then reads in the log.
"""

from collections.abc import Collection, Iterator
from typing import Any

from shared.address import Address
from shared.bus.names import Names
from shared.message import EventMessage

TOPIC, DIRECT = "topic", "direct"  # types of exchanges
EMBEDDED = "embedded"  # the scheme of the address of the broker inside the process
ALL_KEYS = "#"  # the binding key that matches every routing key

DELIVERY_LIMIT = 5  # deliveries of one message without acknowledgement, before the broker makes it a dead letter
PROCESS_DIED = "The process died in each of"  # the reason of a dead letter begins so, when no exception says why
NO_DELIVERY_LIMIT = 1_000_000_000  # listing dead letters counts as a delivery; RabbitMQ 4 would drop them at the twentieth
DEAD_LETTER_ARGUMENTS = {"x-queue-type": "quorum", "x-delivery-limit": NO_DELIVERY_LIMIT}
REQUEST_ARGUMENTS = {"x-queue-type": "quorum", "x-delivery-limit": DELIVERY_LIMIT}
FEED_MAX_BYTES = 20_000_000_000
FIGURES_MAX_BYTES = 2_000_000_000  # a message tells what to read again: one that is older than this stream reads everything again
EMBEDDED_MAX_LENGTH = 10_000  # messages in memory for one service

PERSISTENT = 2  # AMQP delivery mode: the broker writes the message to disk
REPLAY_HEADER = "replay"  # marks a dead letter that an operator gave back: handle it although the checkpoint is past it
ATTEMPTS_HEADER, FIRST_FAILED_HEADER, LAST_FAILED_HEADER = "attempts", "first_failed_at", "last_failed_at"  # of a dead letter


def routing_key(event: EventMessage) -> str:
    return f"{event.territory}.{event.kind}"


def is_embedded(uri: Address | str) -> bool:
    return Address(uri).scheme == EMBEDDED


def declare_exchange(channel: Any, names: Names) -> None:
    make_exchange(channel, names.events, TOPIC)


def make_exchange(channel: Any, name: str, type: str) -> None:
    """Declare an exchange, unless it is there."""
    if not is_there(channel, name):
        channel.exchange_declare(exchange=name, type=type, durable=True, auto_delete=False)


def is_there(channel: Any, exchange: str) -> bool:
    """Asked on a channel of its own, which the broker closes if it is not. The embedded broker lets everybody declare."""
    if not hasattr(channel, "confirm_select"):
        return False
    from amqp.exceptions import NotFound  # not before the process is patched for green threads

    look = channel.connection.channel()
    try:
        look.exchange_declare(exchange=exchange, type="", passive=True)
    except NotFound:
        return False
    look.close()
    return True


def declare_feed(channel: Any, names: Names) -> None:
    declare_stream(channel, names.feed, FEED_MAX_BYTES)


def declare_figures(channel: Any, names: Names) -> None:
    declare_stream(channel, names.figures, FIGURES_MAX_BYTES)


def declare_stream(channel: Any, name: str, max_bytes: int) -> None:
    """A stream that loses its oldest messages when it is larger than this."""
    arguments = {"x-queue-type": "stream", "x-max-length-bytes": max_bytes}
    channel.queue_declare(queue=name, durable=True, auto_delete=False, arguments=arguments)


def binding_keys(kinds: Collection[str] | None) -> Iterator[str]:
    """The keys that bind an inbox: one for each event kind that it reads, in every territory. None means every kind."""
    yield from [ALL_KEYS] if kinds is None else (f"{ALL_KEYS}.{kind}" for kind in sorted(kinds))


def declare_inbox(channel: Any, names: Names, service: str, kinds: Collection[str] | None = None) -> None:
    """The queue of a service on RabbitMQ, with its dead letters, bound to the event kinds that it reads."""
    declare_exchange(channel, names)
    declare_dead_letters(channel, names, service)
    queue = names.inbox(service)
    channel.queue_declare(queue=queue, durable=True, auto_delete=False, arguments=inbox_arguments(names, service))
    for key in binding_keys(kinds):
        channel.queue_bind(queue=queue, exchange=names.events, routing_key=key)
    if kinds is not None:  # the queue outlives the process: remove the binding of a release that read every kind
        channel.queue_unbind(queue=queue, exchange=names.events, routing_key=ALL_KEYS)


def inbox_arguments(names: Names, service: str) -> dict[str, Any]:
    return {
        "x-queue-type": "quorum",
        "x-single-active-consumer": True,
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": names.dead,
        "x-dead-letter-routing-key": service,
    }


def declare_dead_letters(channel: Any, names: Names, service: str) -> None:
    queue = names.dead_letters(service)
    make_exchange(channel, names.dead, DIRECT)
    channel.queue_declare(queue=queue, durable=True, auto_delete=False, arguments=DEAD_LETTER_ARGUMENTS)
    channel.queue_bind(queue=queue, exchange=names.dead, routing_key=service)


def declare_embedded_inbox(channel: Any, names: Names, service: str, kinds: Collection[str] | None = None) -> None:
    """The queue of a service on the embedded broker; its dead letters are in a file (`dead_letters.py`)."""
    declare_exchange(channel, names)
    queue = names.inbox(service)
    channel.queue_declare(queue=queue, durable=True, auto_delete=False, arguments={"x-max-length": EMBEDDED_MAX_LENGTH})
    for key in binding_keys(kinds):
        channel.queue_bind(queue=queue, exchange=names.events, routing_key=key)
