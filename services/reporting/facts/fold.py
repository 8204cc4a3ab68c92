"""The fold: events in order, in; fact rows, out. Pure: the rows that a batch touches are given to it and handed back.

Whatever the batching, the rows are the same: each change gives columns to one row, and a row remembers every position.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache

import msgspec
from msgspec import Struct

from services.reporting.facts import after, decisions, intake, journeys, outcomes, referrals
from services.reporting.facts.reading import Change, Place, Reader
from services.reporting.facts.tables import BLANK, KEYS, SEPARATOR, Key, Row, quarter_end
from shared.message import EventMessage
from shared.time import local_date

READERS: dict[str, Reader] = {
    **intake.READERS,
    **journeys.READERS,
    **outcomes.READERS,
    **after.READERS,
    **referrals.READERS,
    **decisions.READERS,
}
Rows = dict[tuple[str, Key], Row]
Told = tuple[int, list[Change]]  # a position and what its event changes


class About(Struct):
    """Whom an event is about, as far as its data says."""

    person: str | None = None
    orientation: str | None = None
    merged: str | None = None


about = msgspec.json.Decoder(About).decode
quarter_ends = lru_cache(quarter_end)
isoformat = lru_cache(date.isoformat)


def told(event: EventMessage) -> Told:
    """The changes that an event asks for; an event that no indicator reads changes nothing but the list of steps."""
    known = READERS.get(event.kind)
    if known is None:
        return event.position, []
    return event.position, known.say(known.decode(event.data), Place(event.position, event.territory))


def touched(batch: Iterable[Told]) -> dict[str, set[Key]]:
    """The keys of the rows that a batch changes, by table."""
    keys: dict[str, set[Key]] = {}
    for _, changes in batch:
        for change in changes:
            keys.setdefault(change.table, set()).add(change.key)
    return keys


def fold(rows: Rows, batch: Iterable[Told]) -> Rows:
    for position, changes in batch:
        for change in changes:
            absorb(rows, change, str(position))
    return rows


def absorb(rows: Rows, change: Change, position: str) -> None:
    place = (change.table, change.key)
    row = rows.get(place)
    if row is None:
        row = rows[place] = blank(change)
        row["positions"] = position
    elif row["positions"].rpartition(SEPARATOR)[2] != position:
        row["positions"] = row["positions"] + SEPARATOR + position
    row.update(change.columns)


def blank(change: Change) -> Row:
    row = BLANK[change.table].copy()
    row.update(zip(KEYS[change.table], change.key, strict=True))
    if change.table == "person":
        row["root"] = change.key[0]
    return row


def steps(events: Sequence[EventMessage]) -> list[Row]:
    return [step(event) for event in events]


def step(event: EventMessage) -> Row:
    """One line of the timeline. `lateness` counts the days between the end of the fact's quarter and its recording."""
    whom = about(event.data)
    day = local_date(event.time)
    return {
        "position": event.position,
        "event_id": str(event.id),
        "kind": event.kind,
        "person": whom.person or whom.merged,
        "orientation": whom.orientation,
        "on": isoformat(day),
        "recorded": event.recordedtime.isoformat(),
        "territory": event.territory,
        "actor_id": event.actor.id,
        "actor_role": event.actor.role,
        "actor_organisation": event.actor.organisation,
        "lateness": (local_date(event.recordedtime) - quarter_ends(day)).days,
        "data": bytes(event.data).decode(),
    }


def roots(merged_into: dict[str, str]) -> dict[str, str]:
    """Each merged record -> the record that stands for the person, at the end of the chain."""
    ends: dict[str, str] = {}
    for record in merged_into:
        seen, end = {record}, merged_into[record]
        while end in merged_into and end not in seen:
            seen.add(end)
            end = merged_into[end]
        ends[record] = end
    return ends
