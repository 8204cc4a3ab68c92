"""What an identity may read. Services check commands; the gateway checks reads here, on the same table of permissions."""

from collections.abc import Iterable

import msgspec

from services.vocabulary.programme import PROGRAMME, Groupings
from shared.errors import Forbidden
from shared.message import ANONYMOUS, EventMessage
from shared.trust.access import Identity, Permissions

RESTRICTED = {"webhooks": "read_webhooks", "accounts": "read_accounts"}  # the events of a service that only who reads all of it may see
SUMMED = frozenset({"read_indicators", "read_evidence"})  # what is told of the programme and of groupings, not of territories alone


class Parties(msgspec.Struct):
    """The person an event is about, and the organisations it is addressed to, as far as its data names them."""

    person: str | None = None
    partner: str | None = None
    prescriber: str | None = None


decode_parties = msgspec.json.Decoder(Parties).decode


class ReadAccess:
    def __init__(self, permissions: Permissions, groupings: Groupings) -> None:
        self.permissions, self.groupings = permissions, groupings

    def may(self, identity: Identity, action: str, territory: str) -> bool:
        try:
            self.check(identity, action, territory)
        except Forbidden:
            return False
        return True

    def check(self, identity: Identity, action: str, territory: str) -> None:
        """Check that the identity may do `action` in `territory`, or in the whole programme (`all`).

        Sums are open to whoever reads one territory of them, masked: of the programme, and of groupings.

        Raises:
            Forbidden: it may not.
        """
        if action in SUMMED and territory == PROGRAMME and self.permissions.scope(identity.actor.role, action):
            return
        if action in SUMMED and any(self.may(identity, action, member) for member in self.groupings.get(territory, ())):
            return
        self.permissions.check(identity, action, territory)

    def check_somewhere(self, identity: Identity, action: str) -> None:
        """Check that the identity's role may do `action` in some territory.

        Raises:
            Forbidden: it may not.
        """
        if self.permissions.scope(identity.actor.role, action) is None:
            raise Forbidden("role_may_not", role=identity.actor.role, action=action)

    def exact(self, identity: Identity, territory: str) -> bool:
        """Whether figures are shown unmasked: only to readers who may read every event under them."""
        scope = self.permissions.scope(identity.actor.role, "read_events")
        members = self.groupings.get(territory, (territory,))
        return scope == "all" or (scope == "territory" and all(map(identity.covers, members)))

    def reads_answers(self, identity: Identity) -> bool:
        """Whether the identity may read answers to the survey, which nobody signs: see `may_read`."""
        return self.permissions.scope(identity.actor.role, "read_events") == "all"

    def hinted_territories(self, identity: Identity, territories: Iterable[str]) -> list[str]:
        """The territories of which the identity follows masked figures: the feed tells it when these change (`hints`)."""
        scope = self.permissions.scope(identity.actor.role, "follow_feed")
        followed = territories if scope == "all" else filter(identity.covers, territories) if scope == "territory" else ()
        return [territory for territory in followed if not self.exact(identity, territory)]

    def may_read(self, identity: Identity, event: EventMessage) -> bool:
        """Whether the identity may see an event, with all that is in it. There is nothing between all and nothing.

        What somebody did with a webhook is for those who may read all webhooks: owners ask for their own by name. So it is with accounts.
        """
        reading = RESTRICTED.get(event.kind.partition(".")[0])
        if reading and self.permissions.scope(identity.actor.role, reading) != "all":
            return False
        match self.permissions.scope(identity.actor.role, "read_events"):
            case "all":
                return True
            case "territory":  # an answer to the survey is for the figures: who handed out the ticket must not see it arrive
                return identity.covers(event.territory) and event.actor != ANONYMOUS
            case "addressee":
                return bool(identity.actor.organisation) and decode_parties(event.data).partner == identity.actor.organisation
            case "own":
                return self.is_own(identity, event)
            case "owner" | None:
                return False

    def is_own(self, identity: Identity, event: EventMessage) -> bool:
        parties = decode_parties(event.data)
        if identity.actor.role == "prescriber":
            return bool(identity.actor.organisation) and parties.prescriber == identity.actor.organisation
        return parties.person is not None and parties.person == identity.actor.id

    def check_timeline(self, identity: Identity, person: str, territories: set[str], action: str = "read_timeline") -> None:
        """Check that the timeline, or another reading, of a person whom these territories follow, or did, is open.

        Raises:
            Forbidden: it may not.
        """
        match self.permissions.scope(identity.actor.role, action):
            case "all":
                return
            case "own" if identity.actor.id == person:
                return
            case "territory" if any(identity.covers(territory) for territory in territories):
                return
            case _:
                raise Forbidden("timeline_not_readable")
