"""The stream `journey.feed` on the broker: every event of the log, for trusted back ends. It needs pika: `parcours-client[feed]`.

    for batch in read_feed("amqp://reader:…@broker/parcours", place):
        with database.transaction():
            database.write(batch)
            database.save(batch[-1].place)     # with what was written, in one transaction: then everything is done exactly once

The address may name several brokers, and certificates: see `parcours_client.brokers`.

The stream may have an event twice: a relay that dies publishes its last events again. `position` rises from one event of the log to
the next, so an event whose position is not above that of the last one is a repetition, and is not given. `previous` is the position of
the event before: where it is above that of the last one, events are missing here, and `Gap` is raised.

A place is kept as the offset in the stream and the position in the log. The offset is where to read on; the position says whether it is
still the same stream. A broker that was set up anew has another one, which is read from its beginning.

Where each process of Parcours has a user of its own on the broker, name that of the relay as `publisher` (`production.parcours-relay`, in
the environment `production`): what others put into the stream is then passed over. RabbitMQ sees to it that nobody names another user.
"""

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError, ChannelClosedByBroker, ProbableAccessDeniedError, ProbableAuthenticationError

from parcours_client.backoff import Backoff
from parcours_client.brokers import parameters_of
from parcours_client.generated.models.event import Event

STREAM = "journey.feed"
PREFETCH = 500  # messages that the broker sends before one of them is acknowledged
MOST = 500  # events of a batch
LINGER_S = 0.2  # for which a batch waits for more events
AWAIT_PLACE_S = 10.0  # for the event at the place to read on; without it the whole stream is read, which is slower and no less right
ACCESS_REFUSED = 403


class Place(NamedTuple):
    """What was handled last: its offset in the stream and its position in the log.

    Without an offset the stream is read from its beginning, and what is not above the position is left out.
    """

    offset: int | None
    position: int


class FeedEvent(NamedTuple):
    offset: int
    event: Event

    @property
    def place(self) -> Place:
        return Place(self.offset, self.event.position)


BEGINNING = Place(None, 0)


class Gap(Exception):
    """The stream has no events between two positions. They are in the log: `Parcours.events(after)` reads them.

    Read on with `Place(None, position)`, where `position` is that of the last event that was read so.
    """

    def __init__(self, after: int, before: int) -> None:
        super().__init__(f"the stream holds nothing after position {after} up to {before}: read /v1/events?after={after}")
        self.after = after
        self.before = before


class OtherStream(Exception):
    """The stream has another event at this offset, or none: it is younger than the place."""


def read_feed(
    uri: str, place: Place = BEGINNING, *, stream: str = STREAM, most: int = MOST, publisher: str | None = None
) -> Iterator[list[FeedEvent]]:
    """Every event after `place`, once and in order, in batches of at most `most`; then those to come, without end.

    Waits while the brokers are away, and tries them in turn. The user of `uri` needs the permission to read `stream`, and no other.

    Raises:
        Gap: the stream does not hold what comes after `place`.
        AMQPError: the broker does not know the user, or refuses the stream to it.
        SSLCertVerificationError: its certificate is not accepted.
        ValueError, OSError: `uri` has an option that means nothing, or names a file that cannot be read.
    """
    parameters_of(uri)  # what is wrong in it is no broker that is away
    reader, backoff = Reader(uri, stream, most, place, publisher), Backoff()
    while True:
        try:
            for batch in reader.batches():
                backoff.reset()
                yield batch
        except OtherStream:
            reader.place = Place(None, reader.place.position)
            continue
        except (ProbableAuthenticationError, ProbableAccessDeniedError):
            raise
        except ChannelClosedByBroker as closed:
            if closed.reply_code == ACCESS_REFUSED:
                raise
        except ssl.SSLCertVerificationError:
            raise
        except (AMQPError, AMQPConnectorException, OSError):
            pass  # the brokers are away: below
        time.sleep(backoff.next_delay())


class Reader:
    """Reads on at `place`, which is that of the last event that was given."""

    def __init__(self, uri: str, stream: str, most: int, place: Place, publisher: str | None = None) -> None:
        self.uri = uri
        self.stream = stream
        self.most = most
        self.place = place
        self.publisher = publisher

    def batches(self) -> Iterator[list[FeedEvent]]:
        """The batches of one connection."""
        with channel_to(self.uri) as channel:
            channel.basic_qos(prefetch_count=max(PREFETCH, self.most))
            offset = "first" if self.place.offset is None else self.place.offset
            batch: list[FeedEvent] = []
            until, last, unacknowledged = 0.0, self.place.position, 0
            place_until = None if self.place.offset is None else time.monotonic() + AWAIT_PLACE_S
            for method, properties, body in channel.consume(
                self.stream, arguments={"x-stream-offset": offset}, inactivity_timeout=LINGER_S
            ):
                if method is not None:
                    genuine = self.publisher in (None, properties.user_id)
                    found = self.event_of(properties.headers["x-stream-offset"], body, last) if genuine else None
                    unacknowledged, place_until = unacknowledged + 1, None
                    if found:
                        until = until if batch else time.monotonic() + LINGER_S
                        batch.append(found)
                        last = found.event.position
                if batch and (len(batch) == self.most or time.monotonic() >= until):
                    yield batch
                    self.place, batch = batch[-1].place, []
                if place_until and time.monotonic() > place_until:
                    raise OtherStream
                if unacknowledged >= PREFETCH / 2 and method is not None:
                    channel.basic_ack(method.delivery_tag, multiple=True)
                    unacknowledged = 0

    def event_of(self, offset: int, body: bytes, last: int) -> FeedEvent | None:
        """The event of a message, or None if its position is not above `last`.

        Raises:
            OtherStream: the place is one of another stream.
            Gap: events are missing before this one.
        """
        event = Event.from_dict(flat(json.loads(body)))
        if offset == self.place.offset and event.position != self.place.position:
            raise OtherStream
        if event.position <= last:
            return None
        if isinstance(event.previous, int) and event.previous > last:
            raise Gap(last, event.previous)
        return FeedEvent(offset, event)


def flat(members: dict[str, Any]) -> dict[str, Any]:
    """An event that a release before 0.3 published has its actor as an object."""
    actor = members.pop("actor", None)
    return members | ({f"actor{name}": value for name, value in actor.items() if value} if actor else {})


@contextmanager
def channel_to(uri: str) -> Iterator[BlockingChannel]:
    connection = pika.BlockingConnection(parameters_of(uri))
    try:
        yield connection.channel()
    finally:
        with suppress(AMQPError):  # closing rejects the messages that were not shown, which a stream does not allow
            connection.close()
