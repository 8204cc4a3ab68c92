"""The timeline index: for each event about a person or an orientation, where it is in the log.

Only positions are stored. The events stay in the log alone, so that nothing of a person is left here when their key is destroyed.
"""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct

from services.reporting.facts.tables import Values
from shared.message import Recorded


class EventSubject(Struct, gc=False):
    """What an event's data says about its subject: a person (`merged` in a merge) or, failing that, an orientation."""

    person: str | None = None
    orientation: str | None = None
    merged: str | None = None


decode_subject = msgspec.json.Decoder(EventSubject).decode


def timeline_entries(events: Iterable[Recorded]) -> Iterator[Values]:
    """The rows of the timeline index, as (subject, position). An event without a subject gives none."""
    for event in events:
        subject = decode_subject(event.data)
        if person := subject.person or subject.merged:
            yield about_person(person), event.position
        elif subject.orientation:
            yield about_orientation(subject.orientation), event.position


def about_person(record: str) -> str:
    return f"person/{record}"


def about_orientation(orientation: str) -> str:
    return f"orientation/{orientation}"
