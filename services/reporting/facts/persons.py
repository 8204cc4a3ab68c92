"""Facts about persons: their identification, and the merges and erasures of their records."""

from datetime import date

from msgspec import Struct

from services.reporting.facts.change import Change, EventContext, FactReader, reader
from services.reporting.facts.moves import moved


class PersonIdentified(Struct):
    person: str
    territory: str
    channel: str
    radar: str
    on: date


class PersonsMerged(Struct):
    kept: str
    merged: str


class PersonEvent(Struct):
    person: str


def on_person_identified(event: PersonIdentified, context: EventContext) -> list[Change]:
    columns = {"territory": event.territory, "channel": event.channel, "radar": event.radar}
    meeting = {"identified_on": event.on.isoformat(), "identified_at": context.position}
    return [Change("person", (event.person,), columns | meeting), *moved(event.person, event.territory, event.on, context)]


def on_persons_merged(event: PersonsMerged, context: EventContext) -> list[Change]:
    merge = Change("person_merge", (event.merged, context.position), {"kept": event.kept})
    return [Change("person", (event.merged,), {"merged_into": event.kept}), merge]


def on_persons_separated(event: PersonsMerged, context: EventContext) -> list[Change]:
    return [Change("person", (event.merged,), {"merged_into": None})]


def on_person_key_destroyed(event: PersonEvent, context: EventContext) -> list[Change]:
    """The row stays: destroying a person's key changes no count."""
    return [Change("person", (event.person,), {"erased": True})]


READERS: dict[str, FactReader] = {
    "intake.PersonIdentified": reader(PersonIdentified, on_person_identified),
    "intake.PersonsMerged": reader(PersonsMerged, on_persons_merged),
    "intake.PersonsSeparated": reader(PersonsMerged, on_persons_separated),
    "intake.PersonKeyDestroyed": reader(PersonEvent, on_person_key_destroyed),
}
