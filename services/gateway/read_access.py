"""What an identity may read. Services check commands; the gateway checks reads here, on the same table of permissions."""

from collections.abc import Iterable

import msgspec

from shared.errors import Forbidden
from shared.message import EventMessage
from shared.trust.access import Identity, Permissions

PROGRAMME = "all"
OPEN_FOR_PROGRAMME = frozenset({"read_indicators", "read_evidence"})  # of the whole programme, masked for readers of one territory


class Parties(msgspec.Struct):
    """The person an event is about, and the organisations it is addressed to, as far as its data names them."""

    person: str | None = None
    partner: str | None = None
    prescriber: str | None = None


decode_parties = msgspec.json.Decoder(Parties).decode


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
        """Check that the identity may do `action` in `territory`, or in the whole programme (`all`).

        Raises:
            Forbidden: it may not.
        """
        if territory == PROGRAMME and action in OPEN_FOR_PROGRAMME and self.permissions.scope(identity.actor.role, action):
            return
        self.permissions.check(identity, action, territory)

    def exact(self, identity: Identity, territory: str) -> bool:
        """Whether figures are shown unmasked: only to readers who may read every event under them."""
        scope = self.permissions.scope(identity.actor.role, "read_events")
        return scope == "all" or (scope == "territory" and identity.covers(territory))

    def hinted_territories(self, identity: Identity, territories: Iterable[str]) -> list[str]:
        """The territories of which the identity follows masked figures: the feed tells it when these change (`hints`)."""
        scope = self.permissions.scope(identity.actor.role, "follow_feed")
        followed = territories if scope == "all" else filter(identity.covers, territories) if scope == "territory" else ()
        return [territory for territory in followed if not self.exact(identity, territory)]

    def may_read(self, identity: Identity, event: EventMessage) -> bool:
        """Whether the identity may see an event, with all that is in it. There is nothing between all and nothing."""
        match self.permissions.scope(identity.actor.role, "read_events"):
            case "all":
                return True
            case "territory":
                return identity.covers(event.territory)
            case "addressee":
                return bool(identity.actor.organisation) and decode_parties(event.data).partner == identity.actor.organisation
            case "own":
                return self.is_own(identity, event)
            case None:
                return False

    def is_own(self, identity: Identity, event: EventMessage) -> bool:
        parties = decode_parties(event.data)
        if identity.actor.role == "prescriber":
            return bool(identity.actor.organisation) and parties.prescriber == identity.actor.organisation
        return parties.person is not None and parties.person == identity.actor.id

    def check_timeline(self, identity: Identity, person: str, territories: set[str]) -> None:
        """Check that the timeline of a person whom these territories follow, or did, may be read.

        Raises:
            Forbidden: it may not.
        """
        match self.permissions.scope(identity.actor.role, "read_timeline"):
            case "all":
                return
            case "own" if identity.actor.id == person:
                return
            case "territory" if any(identity.covers(territory) for territory in territories):
                return
            case _:
                raise Forbidden("timeline_not_readable")
