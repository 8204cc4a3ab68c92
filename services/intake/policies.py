"""What intake does by itself when something happens in another service."""

from typing import Any

from msgspec import Struct

from services.intake.coded_values import ClosingReason
from services.intake.person import CloseContact, StartCoaching
from shared.policy import Policy


class JourneyOpened(Struct, frozen=True):
    """The fields of coaching's event that matter here."""

    person: str
    rank: int


class ReferralAccepted(Struct, frozen=True):
    """The field of the event of referrals that matters here."""

    person: str


def coached(opened: JourneyOpened) -> list[dict[str, Any]]:
    return [{"person": opened.person, "rank": opened.rank}]


def redirected(accepted: ReferralAccepted) -> list[dict[str, Any]]:
    return [{"person": accepted.person, "reason": ClosingReason.REORIENTE.value}]


POLICIES = (
    Policy(
        id="the contact becomes a journey",
        description="A journey opens: the contact of the person becomes a journey.",
        task="Noter à l’accueil qu’un parcours a commencé.",
        event="coaching.JourneyOpened",
        reads=JourneyOpened,
        command=StartCoaching,
        data=coached,
        tolerates=frozenset({"already_coached", "person_merged", "person_erased"}),
    ),
    Policy(
        # The inbox handles events in the order of the log, so a journey that opened before this answer is already known here.
        id="close the contact of a person whom a partner takes",
        description="A partner accepts a referral: the contact is closed as redirected, unless the person is coached.",
        task="Clore le contact : un partenaire a pris la personne en charge.",
        event="referrals.ReferralAccepted",
        reads=ReferralAccepted,
        command=CloseContact,
        data=redirected,
        tolerates=frozenset({"person_is_coached", "contact_already_closed", "person_unknown", "person_merged", "person_erased"}),
    ),
)
