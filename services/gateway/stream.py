"""GET /v1/stream: the feed as server-sent events. The id of each is its position; a client that comes back with it misses nothing."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec
from msgspec import Struct
from werkzeug.wrappers import Response

from services.gateway.feed import Feed
from services.gateway.metrics import Metrics
from services.gateway.read_access import ReadAccess, Sight
from services.gateway.request_context import RequestContext, number
from shared.errors import Forbidden, UnknownPosition
from shared.message import EventMessage, Position
from shared.trust.identity import Identity

HEARTBEAT = 15.0  # seconds
RETRY = b"retry: 2000\n\n"  # milliseconds before a browser comes back
ALIVE = b": la suite viendra\n\n"
OVERTAKEN = b'event: overtaken\ndata: {"detail":"Trop de retard : reprenez depuis le dernier identifiant re\xc3\xa7u."}\n\n'
FRAMES = 2_000  # events kept in their written form, for all clients together


class Wanted(Struct, frozen=True):
    """The filters of one client: territories, and kinds (`coaching.JourneyExited`) or whole services (`coaching`)."""

    territories: frozenset[str]
    kinds: frozenset[str]

    def has(self, event: EventMessage) -> bool:
        return (not self.territories or event.territory in self.territories) and (
            not self.kinds or event.kind in self.kinds or event.kind.partition(".")[0] in self.kinds
        )


class Frames:
    """Events as they are sent, written once for all the clients that see as much of them."""

    def __init__(self) -> None:
        self.written: dict[tuple[Position, Sight], bytes] = {}

    def of(self, event: EventMessage, sight: Sight) -> bytes:
        key = (event.position, sight)
        frame = self.written.get(key)
        if frame is None:
            if len(self.written) >= FRAMES:
                self.written.clear()
            frame = self.written[key] = written(event, sight)
        return frame


def written(event: EventMessage, sight: Sight) -> bytes:
    body = msgspec.json.encode(event if sight == "full" else bare(event))
    return b"id: %d\ndata: %b\n\n" % (event.position, body)


def bare(event: EventMessage) -> dict[str, object]:
    """That something happened, and where: nothing of whom, nor of who said it."""
    return {"position": event.position, "territory": event.territory, "type": event.type}


class Stream:
    def __init__(self, feed: Feed, access: ReadAccess, metrics: Metrics, heartbeat: float = HEARTBEAT) -> None:
        self.feed = feed
        self.access = access
        self.metrics = metrics
        self.heartbeat = heartbeat
        self.frames = Frames()

    def open(self, visit: RequestContext) -> Response:
        identity = visit.known()
        if self.access.permissions.scope(identity.actor.role, "follow_feed") is None:
            raise Forbidden(f"The role {identity.actor.role} may not do follow_feed.")
        position = start(visit, self.feed)
        wanted = Wanted(many(visit, "territory"), many(visit, "type"))
        visit.request.environ["eventlet.minimum_write_chunk_size"] = "0"  # or eventlet keeps back what is under 4 KiB
        response = Response(self.follow(identity, wanted, position), mimetype="text/event-stream", direct_passthrough=True)
        response.headers["X-Accel-Buffering"] = "no"
        return response

    def follow(self, identity: Identity, wanted: Wanted, position: Position) -> Iterator[bytes]:
        """Never ends by itself unless the client is overtaken: it is closed when the client goes away."""
        self.metrics.add("stream_clients", 1)
        try:
            yield RETRY
            yield from self.chunks(self.sighted(identity, wanted), position)
        finally:
            self.metrics.add("stream_clients", -1)

    def chunks(self, frames: Callable[[Iterable[EventMessage]], Sequence[bytes]], position: Position) -> Iterator[bytes]:
        live = False
        while True:
            if live and not self.feed.remembers(position):
                self.metrics.count("stream_overtaken_total")
                yield OVERTAKEN
                return
            page = self.feed.after(position)
            if page:
                position = page[-1].position
                yield b"".join(told) if (told := frames(page)) else passed(position)
                continue
            live = self.feed.remembers(position)
            if not self.feed.wait(position, self.heartbeat):
                yield ALIVE

    def sighted(self, identity: Identity, wanted: Wanted) -> Callable[[Iterable[EventMessage]], Sequence[bytes]]:
        def frames(page: Iterable[EventMessage]) -> Sequence[bytes]:
            seen = [(event, self.access.sight(identity, event)) for event in page if wanted.has(event)]
            told = [self.frames.of(event, sight) for event, sight in seen if sight != "none"]
            self.metrics.count("stream_events_total", amount=len(told))
            return told

        return frames


def passed(position: Position) -> bytes:
    """Nothing here for this client, but it need not read it again."""
    return b"id: %d\n\n" % position


def start(visit: RequestContext, feed: Feed) -> Position:
    """Where the client stopped, where it asks to begin, or else now. Behind the end of the log it would wait for what it never hears of."""
    last = visit.request.headers.get("Last-Event-ID") or None
    position = visit.number("after", feed.head) if last is None else number("Last-Event-ID", last, feed.head)
    if not feed.reached(position):
        raise UnknownPosition(position)
    return position


def many(visit: RequestContext, name: str) -> frozenset[str]:
    said = (part.strip() for value in visit.request.args.getlist(name) for part in value.split(","))
    return frozenset(part.removeprefix("fr.parcours.") for part in said if part and part != "all")
