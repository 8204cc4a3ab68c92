"""The lines of the timeline: every event, whatever it is about, as the person's own page tells it. No indicator reads them."""

from datetime import date
from functools import lru_cache

import msgspec
from msgspec import Struct

from services.reporting.facts.tables import Row
from shared.message import EventMessage
from shared.time import local_date


class About(Struct):
    """Whom an event is about, as far as its data says."""

    person: str | None = None
    orientation: str | None = None
    merged: str | None = None


about = msgspec.json.Decoder(About).decode
isoformat = lru_cache(date.isoformat)


def step(event: EventMessage) -> Row:
    whom = about(event.data)
    return {
        "position": event.position,
        "event_id": str(event.id),
        "kind": event.kind,
        "person": whom.person or whom.merged,
        "orientation": whom.orientation,
        "on": isoformat(local_date(event.time)),
        "recorded": event.recordedtime.isoformat(),
        "territory": event.territory,
        "actor_id": event.actor.id,
        "actor_role": event.actor.role,
        "actor_organisation": event.actor.organisation,
        "data": bytes(event.data).decode(),
    }
