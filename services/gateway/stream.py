"""GET /v1/stream: the feed as server-sent events. The id of each is its position; a client that returns with it misses nothing."""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Literal

from msgspec import Struct
from werkzeug.wrappers import Request, Response

from services.gateway.audience import Audience, EventFilter
from services.gateway.client_socket import client_left
from services.gateway.feed import Feed
from services.gateway.figures_feed import FiguresFeed
from services.gateway.hints import Hint
from services.gateway.problems import ASK_AGAIN, RETRY_AFTER_S, Problem, unreadable
from services.gateway.query_parameters import position_of_header
from services.gateway.read_access import ReadAccess
from services.gateway.request_context import RequestContext
from services.gateway.session import Sessions
from services.gateway.stream_frames import KEEP_ALIVE, OVERTAKEN, RETRY, FrameCache, empty_frame
from services.gateway.stream_tickets import StreamTickets
from services.reporting.change_answers import FiguresMoved
from services.vocabulary.programme import PROGRAMME
from shared.errors import Unavailable, UnknownPosition
from shared.message import EventMessage, Position
from shared.metrics import STREAM_CLIENTS, STREAM_EVENTS, STREAM_OVERTAKEN
from shared.trust.access import Identity
from shared.trust.tokens import Token

log = logging.getLogger(__name__)

STREAM = "/v1/stream"
EVENT_STREAM = "text/event-stream"
HEARTBEAT_S = 15.0
FIGURES_WAIT_S = 1.0  # before the reporting service is asked again for figures that it did not have


Kind = Literal["events", "figures"]
EVENTS: Kind = "events"
KINDS = ("events", "figures")


class Subscription(Struct, frozen=True):
    """What one client follows, and from where: nothing is the end of the log.

    The stream ends with `session`. With a ticket, each id of the stream ends in `proof`.
    """

    session: Token
    filter: EventFilter
    position: Position | None
    proof: bytes = b""
    kind: Kind = EVENTS

    @property
    def identity(self) -> Identity:
        return self.session.identity


class Stream:
    """`territories` are those of the programme."""

    def __init__(
        self,
        feed: Feed,
        access: ReadAccess,
        territories: Collection[str],
        tickets: StreamTickets,
        sessions: Sessions,
        figures: FiguresFeed,
        heartbeat: float = HEARTBEAT_S,
    ) -> None:
        self.figures = figures
        self.feed = feed
        self.access = access
        self.territories = territories
        self.tickets = tickets
        self.sessions = sessions
        self.heartbeat = heartbeat
        self.frames = FrameCache()

    def open(self, context: RequestContext) -> Response:
        subscription = self.subscription(context)
        self.access.check_somewhere(subscription.identity, "follow_feed")
        audience = Audience(self.access, subscription.identity, subscription.filter, self.territories)
        position = start(subscription.position, self.feed, hinted=bool(audience.hinted))
        first = first_frame(audience, subscription, position)
        chunks = self.follow(audience, position, subscription, RETRY + first, client_left(context.request.environ))
        context.request.environ["eventlet.minimum_write_chunk_size"] = "0"  # otherwise eventlet buffers up to 4 KiB
        response = Response(chunks, mimetype=EVENT_STREAM, direct_passthrough=True)
        response.headers["X-Accel-Buffering"] = "no"
        return response

    def subscription(self, context: RequestContext) -> Subscription:
        """What the request asks for, in its query or by a ticket.

        Raises:
            Problem: nobody asks (401); a header or a parameter makes no sense (400); the feed does not know the end of the log yet (503).
        """
        last = context.request.headers.get("Last-Event-ID")
        text = context.query.get("ticket")
        if text is None:
            identity = context.known()
            self.access.check_somewhere(identity, "follow_feed")
            position = position_of_header("Last-Event-ID", last) if last else context.query.get("after")
            self.check_started()
            session = self.sessions.of(context.request)
            return Subscription(session, filter_of(context), position, kind=kind_of(context))
        if len(context.query) > 1:
            raise unreadable("Un ticket dit déjà ce qui est suivi : il se donne seul.")
        self.check_started()  # before the ticket is spent
        self.sessions.check_known()
        ticket, position = self.tickets.redeem(text, last)
        proof = f"-{self.tickets.proof(ticket)}".encode()
        return Subscription(ticket.session, ticket.filter, position, proof, ticket.kind)

    def check_started(self) -> None:
        if not self.feed.started:
            raise not_started()

    def follow(
        self, audience: Audience, position: Position, subscription: Subscription, first: bytes, left: Callable[[], bool]
    ) -> Iterator[bytes]:
        """The stream of one client. It ends when the client is overtaken or has left, or when its session ends."""
        STREAM_CLIENTS.inc()
        try:
            yield first
            yield from self.chunks(audience, position, subscription, left)
        finally:
            STREAM_CLIENTS.dec()

    def chunks(self, audience: Audience, position: Position, subscription: Subscription, left: Callable[[], bool]) -> Iterator[bytes]:
        def ended() -> bool:
            return self.tickets.now() >= subscription.session.expires or self.sessions.is_over(subscription.session)

        def gone() -> bool:
            return ended() or left()

        live, proof = False, subscription.proof
        before = self.feed.at(position)
        while not ended():
            if live and not self.feed.covers(position):
                STREAM_OVERTAKEN.inc()
                yield OVERTAKEN
                return
            page = self.feed.after(position)
            if page:
                try:
                    told, reached = self.told(audience, page, before, position, subscription.kind)
                except Unavailable as fault:
                    log.warning("a stream of figures waits: %s", fault)
                    told, reached = [], position
                if reached == position:  # the figures are behind the log
                    yield KEEP_ALIVE + b"\n"
                    time.sleep(FIGURES_WAIT_S)
                    continue
                encoded = [self.frames.of(event, proof) for event in told]
                STREAM_EVENTS.inc(len(encoded))
                before, position = page[-1] if reached == page[-1].position else self.feed.at(reached), reached
                if frames := b"".join(encoded) or (b"" if live or audience.hinted else empty_frame(position, proof)):
                    yield frames
                continue
            live = self.feed.covers(position)
            if not self.feed.wait(position, self.heartbeat, gone):
                if gone():
                    return
                yield KEEP_ALIVE + (b"\n" if audience.hinted else empty_frame(position, proof))

    def told(
        self, audience: Audience, page: Sequence[EventMessage], before: EventMessage | None, after: Position, kind: Kind
    ) -> tuple[Sequence[EventMessage | Hint | FiguresMoved], Position]:
        """What a client hears of a page, and up to where.

        Raises:
            Unavailable: it follows figures, and the reporting service does not answer.
        """
        if kind == EVENTS:
            return [*audience.seen(page, before)], page[-1].position
        return self.figures.told(audience, page, before, after)


def first_frame(audience: Audience, subscription: Subscription, position: Position) -> bytes:
    """The id with which the stream can be resumed before it has told any event.

    It tells readers of masked figures no position that they did not give themselves.
    """
    if audience.hinted and subscription.position is None:
        return b"id: %b\n\n" % subscription.proof if subscription.proof else b""
    return empty_frame(position, subscription.proof)


def start(position: Position | None, feed: Feed, *, hinted: bool) -> Position:
    """Where to begin: where the client asks, or at the end of the log.

    Who hears hints begins at the end when asking for more: whether the log has a position would tell when events are recorded.

    Raises:
        UnknownPosition: the position is beyond the head of the log, where the client would wait for ever.
    """
    if position is None:
        return feed.head
    if not feed.reached(position):
        if hinted:
            return feed.head
        raise UnknownPosition(position)
    return position


def filter_of(context: RequestContext) -> EventFilter:
    return EventFilter(values_of(context, "territory"), values_of(context, "type"))


def kind_of(context: RequestContext) -> Kind:
    """What is followed: events, or the figures that they move.

    Raises:
        Problem: 400, figures of a type of events.
    """
    kind: Kind = context.query.get("kind", EVENTS)
    if kind != EVENTS and "type" in context.query:
        raise unreadable("type : les chiffres ne se filtrent pas par type d’événement.")
    return kind


def values_of(context: RequestContext, name: str) -> frozenset[str]:
    """The values that a filter names; none if it names everything."""
    values: frozenset[str] = context.query.get(name, frozenset())
    return frozenset() if PROGRAMME in values else values


def follows(request: Request) -> bool:
    """Whether a client of server-sent events asks for the feed: it reconnects by itself, unless it is answered with a problem."""
    return request.path == STREAM and EVENT_STREAM in request.headers.get("Accept", "")


def come_back() -> Response:
    """A stream that ends at once: the client reconnects after the time of `RETRY`, and loses nothing."""
    return Response(RETRY, mimetype=EVENT_STREAM)


def not_started() -> Problem:
    return Problem(503, "feed_not_started", "Le fil des événements commence", ASK_AGAIN, headers={"Retry-After": RETRY_AFTER_S})
