"""Facts from the events of a journey: its opening, transfers, barriers and interviews, and its exit as last stated.

A journey is named by its person and its rank (1, then 2 after a renewal…). Every correction of an exit is a new statement of it,
numbered from 1: the row `exit` holds the number of the latest, and `exit_outcome` the outcomes that each statement names.
A barrier that is lifted may be identified again: each of these events is a row.
"""

from datetime import date

from msgspec import Struct

from services.reporting.facts.change import Change, EventContext, FactReader, iso, reader
from services.reporting.facts.moves import moved
from services.reporting.facts.tables import Row


class JourneyEvent(Struct):
    person: str
    rank: int
    on: date


class JourneyOpened(JourneyEvent):
    territory: str
    orientation: str | None = None


class JourneyTransferred(JourneyEvent):
    to_territory: str


class JourneyExited(JourneyEvent):
    exit_on: date
    reason: str
    outcomes: list[str]
    territory: str


class ExitCorrected(JourneyEvent):
    supersedes: int
    exit_on: date
    reason: str
    outcomes: list[str]


class ExitNeutralised(JourneyEvent):
    reason: str


class BarrierEvent(JourneyEvent):
    thematique: str


class InterviewHeld(JourneyEvent):
    mode: str
    minutes: int


def on_journey_opened(event: JourneyOpened, context: EventContext) -> list[Change]:
    columns = {"territory": event.territory, "opened_on": iso(event.on), "opened_at": context.position, "orientation": event.orientation}
    return [Change("journey", (event.person, event.rank), columns), *moved(event.person, event.territory, event.on, context)]


def on_journey_transferred(event: JourneyTransferred, context: EventContext) -> list[Change]:
    transfer = Change("transfer", (event.person, event.rank, context.position), {"on": iso(event.on), "territory": event.to_territory})
    return [transfer, *moved(event.person, event.to_territory, event.on, context)]


def on_journey_exited(event: JourneyExited, context: EventContext) -> list[Change]:
    return stated_exit(event, 1, {"territory": event.territory})


def on_exit_corrected(event: ExitCorrected, context: EventContext) -> list[Change]:
    return stated_exit(event, event.supersedes + 1, {})


def stated_exit(event: JourneyExited | ExitCorrected, statement: int, columns: Row) -> list[Change]:
    """This statement of the exit, and the outcomes that it names."""
    stated = {"exit_on": iso(event.exit_on), "exit_day": event.exit_on.toordinal(), "reason": event.reason, "statement": statement}
    named = [Change("exit_outcome", (event.person, event.rank, statement, outcome), {}) for outcome in event.outcomes]
    return [Change("exit", (event.person, event.rank), stated | columns), *named]


def on_exit_neutralised(event: ExitNeutralised, context: EventContext) -> list[Change]:
    return [Change("exit", (event.person, event.rank), {"neutralised": event.reason})]


def on_neutralisation_lifted(event: JourneyEvent, context: EventContext) -> list[Change]:
    return [Change("exit", (event.person, event.rank), {"neutralised": None})]


def on_barrier_identified(event: BarrierEvent, context: EventContext) -> list[Change]:
    return [barrier_change(event, context, lifted=False)]


def on_barrier_lifted(event: BarrierEvent, context: EventContext) -> list[Change]:
    return [barrier_change(event, context, lifted=True)]


def barrier_change(event: BarrierEvent, context: EventContext, *, lifted: bool) -> Change:
    columns = {"territory": context.territory, "on": iso(event.on), "lifted": lifted}
    return Change("barrier", (event.person, event.rank, event.thematique, context.position), columns)


def on_interview_held(event: InterviewHeld, context: EventContext) -> list[Change]:
    columns = {"person": event.person, "rank": event.rank, "on": iso(event.on), "mode": event.mode, "minutes": event.minutes}
    return [Change("interview", (context.position,), columns | {"territory": context.territory})]


READERS: dict[str, FactReader] = {
    "coaching.JourneyOpened": reader(JourneyOpened, on_journey_opened),
    "coaching.JourneyTransferred": reader(JourneyTransferred, on_journey_transferred),
    "coaching.JourneyExited": reader(JourneyExited, on_journey_exited, counted_on=lambda exited: exited.exit_on),
    "coaching.ExitCorrected": reader(ExitCorrected, on_exit_corrected),
    "coaching.ExitNeutralised": reader(ExitNeutralised, on_exit_neutralised),
    "coaching.NeutralisationLifted": reader(JourneyEvent, on_neutralisation_lifted),
    "coaching.BarrierIdentified": reader(BarrierEvent, on_barrier_identified),
    "coaching.BarrierLifted": reader(BarrierEvent, on_barrier_lifted),
    "coaching.InterviewHeld": reader(InterviewHeld, on_interview_held),
}
