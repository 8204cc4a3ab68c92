"""Whom each event is about: where to find the lines of a person's way in the log. The events themselves stay there, and there alone."""

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct

from services.reporting.facts.tables import Values
from shared.message import Recorded


class About(Struct, gc=False):
    """Whom an event is about, as far as its data says: a person or, where no person is named, an orientation of one."""

    person: str | None = None
    orientation: str | None = None
    merged: str | None = None


about = msgspec.json.Decoder(About).decode


def steps(events: Iterable[Recorded]) -> Iterator[Values]:
    """For each event that is about somebody, the values of its line in the order of their columns."""
    for event in events:
        whom = about(event.data)
        if subject := whom.person or whom.merged or whom.orientation:
            yield subject, event.position
