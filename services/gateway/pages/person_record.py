"""What the timeline of a person says of where they stand, and of their open journey. Pure."""

from collections.abc import Collection, Iterable, Sequence

from services.reporting.answers import TimelineEntry
from services.vocabulary.person_standing import MOVES


def moved_to(entry: TimelineEntry) -> str:
    return str(entry.data.get("to_territory") or entry.territory)


def followed_in(entries: Iterable[TimelineEntry]) -> set[str]:
    """The territories that follow the person or did: not every one where something was recorded.

    Of somebody whom nobody follows yet, those to which they were sent: what others recorded is never shown because of an orientation.
    """
    listed = list(entries)
    moves = [entry for entry in listed if entry.kind in MOVES]
    sent = [entry for entry in listed if entry.kind == "intake.OrientationReceived"]
    return {moved_to(entry) for entry in moves or sent}


def present(entries: Iterable[TimelineEntry]) -> str | None:
    """The territory that follows the person now; None before they are met."""
    return next((moved_to(entry) for entry in reversed(list(entries)) if entry.kind in MOVES), None)


def followed_on(entries: Iterable[TimelineEntry], day: str) -> str | None:
    """The territory that followed the person on a day (ISO)."""
    moves = sorted((entry.on, entry.position, moved_to(entry)) for entry in entries if entry.kind in MOVES)
    by_then = [territory for on, _, territory in moves if on <= day] or [territory for _, _, territory in moves[:1]]
    return by_then[-1] if by_then else None


def stated_in_journey(entries: Sequence[TimelineEntry], person: str, kinds: Collection[str], id_field: str) -> dict[str, TimelineEntry]:
    """The last entry of these kinds for each id, in the latest journey of the record `person`, unless it is set aside."""
    own = [entry for entry in entries if entry.data.get("person") == person and entry.set_aside is None]
    ranks = [entry.data["rank"] for entry in own if entry.kind == "coaching.JourneyOpened"]
    return {str(entry.data[id_field]): entry for entry in own if entry.kind in kinds and entry.data.get("rank") == max(ranks, default=None)}
