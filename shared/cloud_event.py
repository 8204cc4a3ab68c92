"""Events as other systems read them: CloudEvents 1.0, whose attributes are flat.

The log keeps an actor as an object, which CloudEvents have no type for. Where events leave the system (the interface of the gateway, the
stream of the broker) the actor is three attributes, `actorid`, `actorrole` and `actororganisation`, also of events recorded long ago: the
log is not changed, each event is turned over when it is sent. Inside, messages between the services keep the form of the log.
"""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType
from msgspec.structs import asdict

from shared.message import Actor, EventMessage, Position, decode_event

MEDIA_TYPE = "application/cloudevents+json"


class CloudEvent(Struct, frozen=True, kw_only=True, gc=False):
    """The fields of `EventMessage`, with a flat actor. `actororganisation` is missing where the actor speaks for none."""

    specversion: str
    id: UUID
    type: str
    source: str
    subject: str
    time: datetime
    dataschema: str
    datacontenttype: str
    position: Position
    previous: Position | UnsetType = UNSET
    streamversion: int
    recordedtime: datetime
    territory: str
    actorid: str
    actorrole: str
    actororganisation: str | UnsetType = UNSET
    commandid: UUID
    commanddigest: str | UnsetType = UNSET
    causationid: str | UnsetType = UNSET
    correlationid: str | UnsetType = UNSET
    traceparent: str | UnsetType = UNSET  # of the extension for distributed tracing
    data: Raw = Raw(b"{}")


SAME = tuple(name for name in CloudEvent.__struct_fields__ if not name.startswith("actor"))
encode = msgspec.json.Encoder().encode
decode_flat = msgspec.json.Decoder(CloudEvent).decode


def cloud_event(event: EventMessage) -> CloudEvent:
    actor = event.actor
    same = {name: getattr(event, name) for name in SAME}
    return CloudEvent(actorid=actor.id, actorrole=actor.role, actororganisation=actor.organisation or UNSET, **same)


def encode_cloud_event(event: EventMessage) -> bytes:
    return encode(cloud_event(event))


def read_cloud_event(body: bytes) -> EventMessage:
    """The event in a message of the stream. One that an earlier release sent has the form of the log.

    Raises:
        msgspec.ValidationError: it is no event.
    """
    try:
        flat = asdict(decode_flat(body))
    except msgspec.ValidationError:
        return decode_event(body)
    organisation = flat.pop("actororganisation")
    actor = Actor(flat.pop("actorid"), flat.pop("actorrole"), "" if organisation is UNSET else organisation)
    return EventMessage(actor=actor, **flat)
