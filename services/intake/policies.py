"""What intake does when something happens elsewhere."""

from typing import Any

from msgspec import Struct

from services.intake.person import CloseContact, StartCoaching
from shared.policy import Policy


class JourneyOpened(Struct, frozen=True):
    person: str
    rank: int


class ReferralAccepted(Struct, frozen=True):
    person: str


def coached(opened: JourneyOpened) -> dict[str, Any]:
    return {"person": opened.person, "rank": opened.rank}


def redirected(accepted: ReferralAccepted) -> dict[str, Any]:
    return {"person": accepted.person, "reason": "REORIENTE"}


POLICIES = (
    Policy(
        name="the contact becomes a journey",
        on="coaching.JourneyOpened",
        reads=JourneyOpened,
        asks=StartCoaching,
        given=coached,
        tolerates=frozenset({"already_coached", "person_merged", "person_erased"}),
    ),
    Policy(
        # The inbox keeps the order of the log: a journey opened before this answer is known here before it.
        name="close the contact of a person whom a partner takes",
        on="referrals.ReferralAccepted",
        reads=ReferralAccepted,
        asks=CloseContact,
        given=redirected,
        tolerates=frozenset({"person_is_coached", "contact_already_closed", "person_unknown", "person_merged", "person_erased"}),
    ),
)
