"""Facts that the events of a journey tell: its opening, its outcomes, its exit as it is now stated, and what follows it."""

from datetime import date

from msgspec import Struct

from services.reporting.facts.change import Change, EventContext, Reader, iso, reader


class OfJourney(Struct):
    person: str
    rank: int
    on: date


class JourneyOpened(OfJourney):
    territory: str
    orientation: str | None = None


class JourneyTransferred(OfJourney):
    to_territory: str


class JourneyExited(OfJourney):
    exit_on: date
    reason: str
    outcomes: list[str]
    territory: str


class ExitCorrected(OfJourney):
    supersedes: int
    exit_on: date
    reason: str
    outcomes: list[str]


class ExitNeutralised(OfJourney):
    reason: str


class Barrier(OfJourney):
    thematique: str


class InterviewHeld(OfJourney):
    mode: str
    minutes: int


def opened(event: JourneyOpened, at: EventContext) -> list[Change]:
    columns = {"territory": event.territory, "opened_on": iso(event.on), "orientation": event.orientation}
    return [Change("journey", (event.person, event.rank), columns)]


def transferred(event: JourneyTransferred, at: EventContext) -> list[Change]:
    return [Change("transfer", (event.person, event.rank, at.position), {"on": iso(event.on), "territory": event.to_territory})]


def exited(event: JourneyExited, at: EventContext) -> list[Change]:
    columns = {"exit_on": iso(event.exit_on), "reason": event.reason, "territory": event.territory, "statement": 1}
    return [Change("exit", (event.person, event.rank), columns), *proofs(event, 1)]


def corrected(event: ExitCorrected, at: EventContext) -> list[Change]:
    statement = event.supersedes + 1
    columns = {"exit_on": iso(event.exit_on), "reason": event.reason, "statement": statement}
    return [Change("exit", (event.person, event.rank), columns), *proofs(event, statement)]


def proofs(event: JourneyExited | ExitCorrected, statement: int) -> list[Change]:
    """The outcomes that this statement of the exit names."""
    return [Change("exit_outcome", (event.person, event.rank, statement, outcome), {}) for outcome in event.outcomes]


def neutralised(event: ExitNeutralised, at: EventContext) -> list[Change]:
    return [Change("exit", (event.person, event.rank), {"neutralised": event.reason})]


def identified(event: Barrier, at: EventContext) -> list[Change]:
    columns = {"identified_on": iso(event.on), "territory": at.territory}
    return [Change("barrier", (event.person, event.rank, event.thematique), columns)]


def lifted(event: Barrier, at: EventContext) -> list[Change]:
    return [Change("barrier", (event.person, event.rank, event.thematique), {"lifted_on": iso(event.on)})]


def interviewed(event: InterviewHeld, at: EventContext) -> list[Change]:
    columns = {"person": event.person, "rank": event.rank, "on": iso(event.on), "mode": event.mode, "minutes": event.minutes}
    return [Change("interview", (at.position,), columns | {"territory": at.territory})]


READERS: dict[str, Reader] = {
    "coaching.JourneyOpened": reader(JourneyOpened, opened),
    "coaching.JourneyTransferred": reader(JourneyTransferred, transferred),
    "coaching.JourneyExited": reader(JourneyExited, exited),
    "coaching.ExitCorrected": reader(ExitCorrected, corrected),
    "coaching.ExitNeutralised": reader(ExitNeutralised, neutralised),
    "coaching.BarrierIdentified": reader(Barrier, identified),
    "coaching.BarrierLifted": reader(Barrier, lifted),
    "coaching.InterviewHeld": reader(InterviewHeld, interviewed),
}
