"""What referrals does when something happens elsewhere."""

from typing import Any

from msgspec import Struct

from services.referrals.prescriber_loop import InformPrescriber
from services.referrals.referral import WithdrawOpenReferrals
from shared.policy import Policy


class OrientationAccepted(Struct, frozen=True):
    orientation: str
    prescriber: str


class JourneyExited(Struct, frozen=True):
    person: str
    orientation: str | None


def accepted(event: OrientationAccepted) -> dict[str, Any]:
    return {"orientation": event.orientation, "prescriber": event.prescriber, "milestone": "ACCEPTED"}


def exited(event: JourneyExited) -> dict[str, Any] | None:
    return {"orientation": event.orientation, "milestone": "EXITED"} if event.orientation else None


def withdrawn(event: JourneyExited) -> dict[str, Any]:
    return {"person": event.person, "reason": "SORTIE"}


POLICIES = (
    Policy(
        name="tell the prescriber that their orientation is accepted",
        on="intake.OrientationAccepted",
        reads=OrientationAccepted,
        asks=InformPrescriber,
        given=accepted,
        tolerates=frozenset({"prescriber_already_informed"}),
    ),
    Policy(
        name="tell the prescriber how it ended",
        on="coaching.JourneyExited",
        reads=JourneyExited,
        asks=InformPrescriber,
        given=exited,
        # A journey may name an orientation that nobody accepted here: then there is nobody to tell.
        tolerates=frozenset({"prescriber_already_informed", "prescriber_unknown"}),
    ),
    Policy(
        name="withdraw what no partner has answered",
        on="coaching.JourneyExited",
        reads=JourneyExited,
        asks=WithdrawOpenReferrals,
        given=withdrawn,
        tolerates=frozenset({"no_open_referral"}),
    ),
)
