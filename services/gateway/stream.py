"""GET /v1/stream: the feed as server-sent events. The id of each is its position; a client that returns with it misses nothing."""

from collections.abc import Callable, Collection, Iterator

import msgspec
from werkzeug.wrappers import Response

from services.gateway.client_socket import client_left
from services.gateway.feed import Feed
from services.gateway.hints import Audience, EventFilter, Hint
from services.gateway.metrics import Metrics
from services.gateway.problems import ASK_AGAIN, RETRY_AFTER_S, Problem
from services.gateway.query_parameters import position_of_header
from services.gateway.read_access import PROGRAMME, ReadAccess
from services.gateway.request_context import RequestContext
from shared.errors import Forbidden, UnknownPosition
from shared.message import EventMessage, Position
from shared.trust.access import Identity

HEARTBEAT_S = 15.0
LOOK_INTERVAL_S = 2.0  # between two looks whether a client that waits is still there
RETRY = b"retry: 2000\n\n"  # milliseconds until a browser reconnects
KEEP_ALIVE = b": la suite viendra\n\n"
OVERTAKEN = b'event: overtaken\ndata: {"detail":"Trop de retard : reprenez depuis le dernier identifiant re\xc3\xa7u."}\n\n'
MAX_CACHED_FRAMES = 2_000  # encoded events, for all clients together


class FrameCache:
    """Encoded events: encoded once for all clients that see them."""

    def __init__(self) -> None:
        self.encoded: dict[Position, bytes] = {}

    def of(self, event: EventMessage | Hint) -> bytes:
        if isinstance(event, Hint):
            return encode_frame(event)
        frame = self.encoded.get(event.position)
        if frame is None:
            if len(self.encoded) >= MAX_CACHED_FRAMES:
                self.encoded.clear()
            frame = self.encoded[event.position] = encode_frame(event)
        return frame


def encode_frame(event: EventMessage | Hint) -> bytes:
    return b"id: %d\ndata: %b\n\n" % (event.position, msgspec.json.encode(event))


class Stream:
    """`territories` are those of the programme."""

    def __init__(
        self, feed: Feed, access: ReadAccess, metrics: Metrics, territories: Collection[str], heartbeat: float = HEARTBEAT_S
    ) -> None:
        self.feed = feed
        self.access = access
        self.metrics = metrics
        self.territories = territories
        self.heartbeat = heartbeat
        self.frames = FrameCache()

    def open(self, context: RequestContext) -> Response:
        identity = context.known()
        if self.access.permissions.scope(identity.actor.role, "follow_feed") is None:
            raise Forbidden("role_may_not", role=identity.actor.role, action="follow_feed")
        position = start(context, self.feed)
        event_filter = EventFilter(values_of(context, "territory"), values_of(context, "type"))
        context.request.environ["eventlet.minimum_write_chunk_size"] = "0"  # otherwise eventlet buffers up to 4 KiB
        response = Response(
            self.follow(identity, event_filter, position, client_left(context.request.environ)),
            mimetype="text/event-stream",
            direct_passthrough=True,
        )
        response.headers["X-Accel-Buffering"] = "no"
        return response

    def follow(
        self, identity: Identity, event_filter: EventFilter, position: Position, left: Callable[[], bool] = lambda: False
    ) -> Iterator[bytes]:
        """The stream of one client. It ends when the client is overtaken or has left."""
        self.metrics.add("stream_clients", 1)
        try:
            yield RETRY
            yield from self.chunks(Audience(self.access, identity, event_filter, self.territories), position, left)
        finally:
            self.metrics.add("stream_clients", -1)

    def chunks(self, audience: Audience, position: Position, left: Callable[[], bool] = lambda: False) -> Iterator[bytes]:
        live = False
        before = self.feed.at(position)
        while True:
            if live and not self.feed.covers(position):
                self.metrics.count("stream_overtaken_total")
                yield OVERTAKEN
                return
            page = self.feed.after(position)
            if page:
                encoded = [self.frames.of(event) for event in audience.seen(page, before)]
                self.metrics.count("stream_events_total", amount=len(encoded))
                before, position = page[-1], page[-1].position
                if encoded or not audience.hinted:
                    yield b"".join(encoded) or empty_frame(position)
                continue
            live = self.feed.covers(position)
            if not self.wait(position, left):
                if left():
                    return
                yield KEEP_ALIVE

    def wait(self, position: Position, left: Callable[[], bool]) -> bool:
        """Wait for an event after `position`. False when it is time for a sign of life, or when the client has left."""
        waited = 0.0
        while waited < self.heartbeat and not left():
            pause = min(LOOK_INTERVAL_S, self.heartbeat - waited)
            if self.feed.wait(position, pause):
                return True
            waited += pause
        return False


def empty_frame(position: Position) -> bytes:
    """A frame without data: the client need not read these events again, though it may see none of them.

    Readers of masked figures get none: it would tell them when an event is recorded.
    """
    return b"id: %d\n\n" % position


def start(context: RequestContext, feed: Feed) -> Position:
    """Where to begin: after the client's last event, where it asks, or at the end of the log.

    Raises:
        Problem: the feed does not know the end of the log yet (503), or the header holds no position (400).
        UnknownPosition: the position is beyond the head of the log, where the client would wait for ever.
    """
    last = context.request.headers.get("Last-Event-ID")
    position: Position | None = position_of_header("Last-Event-ID", last) if last else context.query.get("after")
    if not feed.started:
        raise not_started()
    if position is None:
        return feed.head
    if not feed.reached(position):
        raise UnknownPosition(position)
    return position


def values_of(context: RequestContext, name: str) -> frozenset[str]:
    """The values that a filter names; none if it names everything."""
    values: frozenset[str] = context.query.get(name, frozenset())
    return frozenset() if PROGRAMME in values else values


def not_started() -> Problem:
    return Problem(503, "feed_not_started", "Le fil des événements commence", ASK_AGAIN, headers={"Retry-After": RETRY_AFTER_S})
