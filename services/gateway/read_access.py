"""What a visitor may read. The services check commands; whoever reads through the gateway is checked here, on the same table."""

from typing import Literal

import msgspec

from shared.errors import Forbidden
from shared.message import EventMessage
from shared.trust.identity import Identity
from shared.trust.permissions import Permissions

PROGRAMME = "all"
WHOLE = frozenset({"read_indicators", "read_evidence"})  # readings of the whole programme, masked for who reads one territory
Sight = Literal["full", "bare", "none"]


class Named(msgspec.Struct):
    """Whom an event is about or addressed to, as far as its data say."""

    person: str | None = None
    partner: str | None = None
    prescriber: str | None = None


named = msgspec.json.Decoder(Named).decode


class ReadAccess:
    def __init__(self, permissions: Permissions) -> None:
        self.permissions = permissions

    def may(self, identity: Identity, action: str, territory: str) -> bool:
        try:
            self.check(identity, action, territory)
        except Forbidden:
            return False
        return True

    def check(self, identity: Identity, action: str, territory: str) -> None:
        if territory == PROGRAMME and action in WHOLE and self.permissions.scope(identity.actor.role, action):
            return
        self.permissions.check(identity, action, territory)

    def exact(self, identity: Identity, territory: str) -> bool:
        """Whether figures are shown unmasked: only to who may read every event under them."""
        scope = self.permissions.scope(identity.actor.role, "read_events")
        return scope == "all" or (scope == "territory" and identity.covers(territory))

    def sight(self, identity: Identity, event: EventMessage) -> Sight:
        """How much of an event may be seen: all of it, or only that something happened in a territory, or nothing."""
        if self.reads(identity, event):
            return "full"
        bare = self.permissions.scope(identity.actor.role, "follow_feed")
        return "bare" if bare == "all" or (bare == "territory" and identity.covers(event.territory)) else "none"

    def reads(self, identity: Identity, event: EventMessage) -> bool:
        match self.permissions.scope(identity.actor.role, "read_events"):
            case "all":
                return True
            case "territory":
                return identity.covers(event.territory)
            case "addressee":
                return bool(identity.actor.organisation) and named(event.data).partner == identity.actor.organisation
            case "own":
                return self.owns(identity, event)
            case None:
                return False

    def owns(self, identity: Identity, event: EventMessage) -> bool:
        about = named(event.data)
        if identity.actor.role == "prescriber":
            return bool(identity.actor.organisation) and about.prescriber == identity.actor.organisation
        return about.person is not None and about.person == identity.actor.id

    def timeline(self, identity: Identity, person: str, territories: set[str]) -> None:
        """Raise Forbidden unless the way of a person who was in these territories may be read."""
        role = identity.actor.role
        match self.permissions.scope(role, "read_timeline"):
            case "all":
                return
            case "own" if identity.actor.id == person:
                return
            case "territory" if any(identity.covers(territory) for territory in territories):
                return
            case _:
                raise Forbidden(f"{identity.actor.id} ({role}) may not read the way of this person.")
