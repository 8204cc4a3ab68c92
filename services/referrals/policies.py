"""What referrals does by itself when something happens in another service."""

from typing import Any

from msgspec import Struct

from services.referrals.coded_values import InformedOf, WithdrawalReason
from services.referrals.prescriber_information import InformPrescriber
from services.referrals.referral import WithdrawOpenReferrals
from shared.policy import Policy


class OrientationAccepted(Struct, frozen=True):
    """The fields of intake's event that matter here."""

    orientation: str
    prescriber: str


class JourneyExited(Struct, frozen=True):
    """The fields of coaching's event that matter here."""

    person: str
    orientation: str | None
    joined: list[str] = []


class PersonsMerged(Struct, frozen=True):
    """The field of intake's event that matters here."""

    merged: str


def merged(event: PersonsMerged) -> list[dict[str, Any]]:
    return [{"person": event.merged, "reason": WithdrawalReason.FICHE_REUNIE.value}]


def accepted(event: OrientationAccepted) -> list[dict[str, Any]]:
    return [{"orientation": event.orientation, "prescriber": event.prescriber, "milestone": InformedOf.ACCEPTED.value}]


def exited(event: JourneyExited) -> list[dict[str, Any]]:
    orientations = [event.orientation, *event.joined] if event.orientation else event.joined
    return [{"orientation": orientation, "milestone": InformedOf.EXITED.value} for orientation in orientations]


def withdrawn(event: JourneyExited) -> list[dict[str, Any]]:
    return [{"person": event.person, "reason": WithdrawalReason.SORTIE.value}]


POLICIES = (
    Policy(
        id="tell the prescriber that their orientation is accepted",
        description="An orientation is accepted: its prescriber is informed.",
        task="Dire au prescripteur que son orientation est acceptée.",
        event="intake.OrientationAccepted",
        reads=OrientationAccepted,
        command=InformPrescriber,
        data=accepted,
        tolerates=frozenset({"prescriber_already_informed"}),
    ),
    Policy(
        id="tell the prescriber how it ended",
        description="A journey ends: the prescribers of all its orientations are informed.",
        task="Dire au prescripteur que le parcours est terminé.",
        event="coaching.JourneyExited",
        reads=JourneyExited,
        command=InformPrescriber,
        data=exited,
        # A journey may name an orientation that was never accepted here: then no prescriber is known.
        tolerates=frozenset({"prescriber_already_informed", "prescriber_unknown"}),
    ),
    Policy(
        id="withdraw what no partner has answered",
        description="A journey ends: referrals that no partner has accepted are withdrawn.",
        task="Retirer les réorientations restées sans réponse.",
        event="coaching.JourneyExited",
        reads=JourneyExited,
        command=WithdrawOpenReferrals,
        data=withdrawn,
        tolerates=frozenset({"no_open_referral"}),
    ),
    Policy(
        id="withdraw what a merged record still waits for",
        description="A record is merged into another: its unanswered referrals are withdrawn, and sent again from the record that is kept.",
        task="Retirer les réorientations sans réponse d’une fiche réunie à une autre.",
        event="intake.PersonsMerged",
        reads=PersonsMerged,
        command=WithdrawOpenReferrals,
        data=merged,
        tolerates=frozenset({"no_open_referral"}),
    ),
)
