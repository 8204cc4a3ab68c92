"""What coaching does by itself when something happens, here or in another service."""

from datetime import date
from typing import Any

from msgspec import Struct

from services.coaching.follow_up import ScheduleFollowUps
from services.coaching.opening import JoinOrientation, OpenJourney
from shared.policy import Policy


class OrientationAccepted(Struct, frozen=True):
    """The fields of intake's event that matter here."""

    orientation: str
    person: str
    referent: str


class JourneyExited(Struct, frozen=True):
    """The fields of our own event that matter here."""

    person: str
    rank: int
    exit_on: date


def journey_of(accepted: OrientationAccepted) -> list[dict[str, Any]]:
    return [{"person": accepted.person, "referent": accepted.referent, "orientation": accepted.orientation}]


def further_orientation(accepted: OrientationAccepted) -> list[dict[str, Any]]:
    return [{"person": accepted.person, "orientation": accepted.orientation}]


def follow_ups_of(exited: JourneyExited) -> list[dict[str, Any]]:
    return [{"person": exited.person, "rank": exited.rank, "exit_on": exited.exit_on.isoformat()}]


POLICIES = (
    Policy(
        id="open-the-journey-of-an-accepted-orientation",
        description="An orientation is accepted: a journey opens, with the referent that the coach named.",
        task="Ouvrir le parcours de la personne dont l’orientation est acceptée.",
        event="intake.OrientationAccepted",
        reads=OrientationAccepted,
        command=OpenJourney,
        data=journey_of,
        tolerates=frozenset({"journey_already_open", "orientation_already_joined"}),
    ),
    Policy(
        # After the policy above, which has opened the journey with this orientation unless one was open.
        id="an orientation of somebody who is coached joins the journey",
        description="An orientation of somebody who is coached is accepted: it joins the journey, and its prescriber hears of the end.",
        task="Rattacher cette orientation au parcours ouvert.",
        event="intake.OrientationAccepted",
        reads=OrientationAccepted,
        command=JoinOrientation,
        data=further_orientation,
        # It opened the journey itself; or no journey is open, and the opening that was refused is a task already.
        tolerates=frozenset({"orientation_already_joined", "journey_not_open"}),
    ),
    Policy(
        id="schedule-the-follow-ups-of-an-exit",
        description="A journey ends: the follow-ups at 3 and 6 months are scheduled.",
        task="Prévoir les suivis à 3 et 6 mois de la sortie.",
        event="coaching.JourneyExited",
        reads=JourneyExited,
        command=ScheduleFollowUps,
        data=follow_ups_of,
        # There is none to schedule: a renewal opened before they were due, the exit is neutralised, or the person died.
        tolerates=frozenset({"follow_ups_already_scheduled", "journey_reopened", "exit_neutralised", "person_deceased"}),
    ),
)
