"""What the coaching service does by itself when something happens: an event asks a command."""

from datetime import date
from typing import Any

from msgspec import Struct

from services.coaching.follow_up import ScheduleFollowUps
from services.coaching.journey import OpenJourney
from shared.policy import Policy


class OrientationAccepted(Struct, frozen=True):
    """What matters here of intake's event."""

    orientation: str
    person: str
    referent: str


class JourneyExited(Struct, frozen=True):
    """What matters here of our own event."""

    person: str
    rank: int
    exit_on: date


def journey_of(accepted: OrientationAccepted) -> dict[str, Any]:
    return {"person": accepted.person, "referent": accepted.referent, "orientation": accepted.orientation}


def follow_ups_of(exited: JourneyExited) -> dict[str, Any]:
    return {"person": exited.person, "rank": exited.rank, "exit_on": exited.exit_on.isoformat()}


POLICIES = (
    Policy(
        name="open-the-journey-of-an-accepted-orientation",
        on="intake.OrientationAccepted",
        reads=OrientationAccepted,
        asks=OpenJourney,
        given=journey_of,
        tolerates=frozenset({"journey_already_open"}),
    ),
    Policy(
        name="schedule-the-follow-ups-of-an-exit",
        on="coaching.JourneyExited",
        reads=JourneyExited,
        asks=ScheduleFollowUps,
        given=follow_ups_of,
        tolerates=frozenset({"follow_ups_already_scheduled", "journey_reopened"}),
    ),
)
