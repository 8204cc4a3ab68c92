"""Commands and events as they are sent and stored: CloudEvents 1.0, encoded once by the writer.

The writer owns the body: who, what, when it happened. The log owns what only its lock can know: the position, the version in
the stream and the time of recording, which never goes backwards. `EventMessage` is both together, as every reader sees it.
"""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

PREFIX = "fr.parcours."

Position = int  # opaque outside an adapter: compare it, store it, hand it back; never count with it
START: Position = 0  # before the first event of any log


class Actor(Struct, frozen=True, gc=False):
    id: str
    role: str
    organisation: Annotated[str, Meta(min_length=0)] = ""  # empty for a participant, who speaks for no organisation


ANONYMOUS = Actor("anonymous", "participant")
"""Whoever answers a survey: nothing leads from the answer to a person."""


class CommandMessage(Struct, frozen=True, kw_only=True):
    """A request to change something. `time` is when the fact happened; `recorded_time` is set only when past history is loaded.

    `digest` stands for what the sender wrote (`shared.command_endpoint.digest_of`). A policy's command has none: its id is derived
    from the event that causes it. `traceparent` is that of W3C Trace Context.
    """

    id: UUID
    type: str
    actor: Actor
    territory: str
    time: datetime
    data: dict[str, Any]
    causation_id: str | None = None
    correlation_id: str | None = None
    recorded_time: datetime | None = None
    digest: str | None = None
    traceparent: str | None = None


class EventBody(Struct, frozen=True, kw_only=True):
    """The part of an event that its writer makes, in the order in which it is written."""

    id: UUID
    type: str
    source: str
    subject: str
    time: datetime
    dataschema: str
    territory: str
    actor: Actor
    commandid: UUID
    commanddigest: str | UnsetType = UNSET
    causationid: str | UnsetType = UNSET
    correlationid: str | UnsetType = UNSET
    traceparent: str | UnsetType = UNSET
    data: Raw | Any = None
    specversion: str = "1.0"
    datacontenttype: str = "application/json"


class Recorded(Struct, frozen=True, kw_only=True, gc=False):
    """What happened, where and when: all that a fold of the log needs of an event, and half the work of decoding it.

    `data` keeps the bytes that were written; `previous` is always known where the log is read in order.
    """

    previous: Position | UnsetType = UNSET
    position: Position
    recordedtime: datetime
    type: str
    time: datetime
    dataschema: str
    territory: str
    data: Raw = Raw(b"{}")

    @property
    def kind(self) -> str:
        """The type without the product's prefix: `coaching.JourneyOpened`."""
        return self.type.removeprefix(PREFIX)


class EventMessage(Recorded, frozen=True, kw_only=True, gc=False):
    """A recorded event, whole: also who did it, in which stream, and what caused it."""

    id: UUID
    streamversion: int
    source: str
    subject: str
    actor: Actor
    commandid: UUID
    commanddigest: str | UnsetType = UNSET
    causationid: str | UnsetType = UNSET
    correlationid: str | UnsetType = UNSET
    traceparent: str | UnsetType = UNSET
    specversion: str = "1.0"
    datacontenttype: str = "application/json"


def dataschema(kind: str, version: int) -> str:
    return f"urn:parcours:{kind}:{version}"


def line(body: bytes, position: Position, version: int, time: str, previous: Position | None) -> bytes:
    """The whole event as readers get it: the log's own fields in front of the writer's bytes, which are never parsed for it."""
    chain = b"" if previous is None else b'"previous":%d,' % previous
    return b'{%b"position":%d,"streamversion":%d,"recordedtime":"%b",%b' % (chain, position, version, time.encode(), body[1:])


encode = msgspec.json.Encoder().encode
decode_event = msgspec.json.Decoder(EventMessage).decode

T = TypeVar("T")


@cache
def decoder_of_lines(shape: type[T]) -> Callable[[bytes], list[T]]:
    """Lines of JSON, in; structs of one shape, out. Fields that the shape does not name are passed over."""
    return msgspec.json.Decoder(shape).decode_lines


def data_of(event: EventMessage, shape: type[T]) -> T:
    """The event's data as a reader's own struct: unknown fields are ignored, missing ones raise `msgspec.ValidationError`."""
    return msgspec.json.decode(event.data, type=shape)
