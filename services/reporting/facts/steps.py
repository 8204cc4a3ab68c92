"""The lines of the timeline: every event, whatever it is about, as the person's own page tells it. No indicator reads them."""

from datetime import date
from functools import lru_cache

import msgspec
from msgspec import Struct

from services.reporting.facts.tables import Values
from shared.message import EventMessage
from shared.time import local_date


class About(Struct, gc=False):
    """Whom an event is about, as far as its data says."""

    person: str | None = None
    orientation: str | None = None
    merged: str | None = None


about = msgspec.json.Decoder(About).decode
isoformat = lru_cache(date.isoformat)


def step(event: EventMessage) -> Values:
    """One line, as the values of its columns in their order."""
    whom, actor = about(event.data), event.actor
    return (
        event.position,
        event.id.bytes,
        event.kind,
        whom.person or whom.merged,
        whom.orientation,
        isoformat(local_date(event.time)),
        event.recordedtime.isoformat(),
        event.territory,
        actor.id,
        actor.role,
        actor.organisation,
        bytes(event.data).decode(),
    )
