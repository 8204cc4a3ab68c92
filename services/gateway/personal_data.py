"""Personal fields of events, opened for who may read them: the log, the feed and the broker hold them encrypted (ADR 72).

What may be read of a person is a permission for each kind of personal data: who they are, their profile, free text.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from services.gateway.dependencies import GatewayDeps
from services.gateway.read_access import ReadAccess
from services.reporting.answers import TimelineEntry
from shared.errors import Forbidden
from shared.message import EventMessage
from shared.trust.access import Identity
from shared.trust.personal.marks import PERSON, Personal

IDENTITY_RECORDED = "intake.IdentityRecorded"
STREAM = "person-"  # begins the name of the stream in which the identity is
ACTIONS: Mapping[Personal, str] = {kind: f"read_{kind.value}" for kind in Personal}


class PersonalData:
    def __init__(self, deps: GatewayDeps, access: ReadAccess) -> None:
        self.deps = deps
        self.access = access

    def kinds(self, identity: Identity, person: str, territories: Collection[str]) -> frozenset[Personal]:
        """What the reader may read of a person whom these territories follow, or did."""
        return frozenset(kind for kind, action in ACTIONS.items() if self.may(identity, person, territories, action))

    def may(self, identity: Identity, person: str, territories: Collection[str], action: str) -> bool:
        try:
            self.access.check_timeline(identity, person, set(territories), action)
        except Forbidden:
            return False
        return True

    def timeline(
        self, identity: Identity, person: str, territories: Collection[str], entries: Sequence[TimelineEntry]
    ) -> list[TimelineEntry]:
        """The entries of the timeline of a person, opened as far as the reader may."""
        allowed = self.kinds(identity, person, territories)
        if not allowed or not any(self.deps.opening.has_personal(entry.kind) for entry in entries):
            return [*entries]
        opened: list[TimelineEntry] = self.deps.native(self.open_entries, entries, allowed)
        return opened

    def open_entries(self, entries: Iterable[TimelineEntry], allowed: Collection[Personal]) -> list[TimelineEntry]:
        opened = self.deps.opening.opened
        return [replace(entry, data=opened(entry.kind, entry.event_id, entry.data, allowed)) for entry in entries]

    def event(self, identity: Identity, event: EventMessage) -> dict[str, Any]:
        """The data of an event that the reader may read, opened as far as they may."""
        data: dict[str, Any] = msgspec.json.decode(event.data)
        allowed = self.kinds(identity, str(data.get(PERSON)), {event.territory})
        if not allowed or not self.deps.opening.has_personal(event.kind):
            return data
        opened: dict[str, Any] = self.deps.native(self.deps.opening.opened, event.kind, str(event.id), data, allowed)
        return opened

    def identities(self, persons: Collection[str]) -> dict[str, dict[str, Any]]:
        """Who these persons are, as it was stated last; nobody of whom it was not stated, or cannot be read any more. Blocks."""
        streams = self.deps.store.read_streams([f"{STREAM}{person}" for person in persons])
        stated = {name.removeprefix(STREAM): last_stated(events) for name, events in streams.items()}
        opened = {
            person: self.deps.opening.opened(event.kind, str(event.id), msgspec.json.decode(event.data), {Personal.IDENTITY})
            for person, event in stated.items()
            if event is not None
        }
        return {person: data for person, data in opened.items() if isinstance(data.get("family_name"), str)}


def last_stated(events: Iterable[EventMessage]) -> EventMessage | None:
    return next((event for event in reversed([*events]) if event.kind == IDENTITY_RECORDED), None)
