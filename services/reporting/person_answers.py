"""What the reporting service answers about one person: all that stands of them.

Part of the published language of the service, like `answers`. Days are ISO text, codes are those of the commands.
"""

from typing import Literal

from msgspec import Struct

from services.reporting.answer_types import (
    ChannelCode,
    Day,
    ExitReasonCode,
    MilestoneCode,
    NeutralReasonCode,
    OutcomeQualityCode,
    RadarCode,
    SeatStatusCode,
    ThematiqueCode,
)
from services.reporting.list_answers import LoanLine, OrientationLine, ReferralLine
from shared.message import Position


class BarrierState(Struct, frozen=True):
    thematique: ThematiqueCode
    lifted: bool
    since: Day


class DiagnosticLevel(Struct, frozen=True):
    thematique: ThematiqueCode
    level: str
    on: Day


class OutcomeState(Struct, frozen=True):
    """An outcome as it was last stated."""

    outcome: str
    quality: OutcomeQualityCode
    months: int | None
    on: Day


class ExitState(Struct, frozen=True):
    """The exit as it was last stated; `neutralised` is the reason for which it counts nowhere."""

    exit_on: Day
    reason: ExitReasonCode
    statement: int
    neutralised: NeutralReasonCode | None
    outcomes: list[str]


class FollowUpState(Struct, frozen=True):
    """A follow-up of an exit. One is `due` from its day on, until it is done or its window is over (`missed`)."""

    milestone: MilestoneCode
    status: Literal["planned", "due", "missed", "completed", "cancelled"]
    due_on: Day
    window_end: Day
    attempts: int


class JourneyState(Struct, frozen=True):
    """A journey, of the `record` under which it was opened: records that were merged may each have a first one."""

    record: str
    rank: int
    status: Literal["open", "exited"]
    opened_on: Day
    opened_in: str
    orientation: str | None
    referent: str | None
    referent_since: Day | None
    barriers: list[BarrierState]
    diagnostic: list[DiagnosticLevel]
    outcomes: list[OutcomeState]
    follow_ups: list[FollowUpState]
    exit: ExitState | None


class SeatState(Struct, frozen=True):
    workshop: str
    status: SeatStatusCode
    held_on: Day | None
    on: Day


class PersonState(Struct, frozen=True):
    """All that stands of a person at a position of the log, under all of their merged `records`.

    `territory` follows them now, `followed_in` are all that did: null and empty before anybody met them. `erased` says that what
    identified them is destroyed.
    """

    person: str
    records: list[str]
    position: Position
    territory: str | None
    since: Day | None
    followed_in: list[str]
    met_on: Day | None
    channel: ChannelCode | None
    radar: RadarCode | None
    erased: bool
    journeys: list[JourneyState]
    orientations: list[OrientationLine]
    referrals: list[ReferralLine]
    loans: list[LoanLine]
    seats: list[SeatState]
