"""The frames of a stream of server-sent events. With a ticket, each id ends in the proof that resumes the stream (`stream_tickets`)."""

import msgspec

from services.gateway.hints import Hint
from services.reporting.change_answers import FiguresMoved
from shared.cloud_event import encode_cloud_event
from shared.message import EventMessage, Position

RETRY = b"retry: 2000\n\n"  # milliseconds until a browser reconnects
KEEP_ALIVE = b": la suite viendra\n"  # the beginning of a frame
OVERTAKEN = b'event: overtaken\ndata: {"detail":"Trop de retard : reprenez depuis le dernier identifiant re\xc3\xa7u."}\n\n'
MAX_CACHED_FRAMES = 2_000  # encoded events, for all clients together


class FrameCache:
    """Encoded events: encoded once for all clients that see them."""

    def __init__(self) -> None:
        self.encoded: dict[Position, bytes] = {}

    def of(self, event: EventMessage | Hint | FiguresMoved, proof: bytes) -> bytes:
        return b"id: %d%b\ndata: %b\n\n" % (event.position, proof, self.data_of(event))

    def data_of(self, event: EventMessage | Hint | FiguresMoved) -> bytes:
        if isinstance(event, Hint | FiguresMoved):
            return msgspec.json.encode(event)
        data = self.encoded.get(event.position)
        if data is None:
            if len(self.encoded) >= MAX_CACHED_FRAMES:
                self.encoded.clear()
            data = self.encoded[event.position] = encode_cloud_event(event)
        return data


def empty_frame(position: Position, proof: bytes) -> bytes:
    """A frame without data: the client need not read these events again, though it may see none of them. It is sent as long as a client
    catches up, and with each sign of life.

    Readers of masked figures get none: it would tell them when an event is recorded.
    """
    return b"id: %d%b\n\n" % (position, proof)
