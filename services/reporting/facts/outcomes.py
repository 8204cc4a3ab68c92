"""Outcomes of journeys. A row keeps the fine quality of the outcome (CDI, SCOLARITE…): its class depends on the definitions."""

from collections.abc import Callable
from datetime import date

from msgspec import Struct

from services.reporting.facts.change import Change, EventContext, FactReader, reader


class OutcomeEvent(Struct):
    person: str
    rank: int
    outcome: str
    on: date
    contract: str | None = None
    months: int | None = None
    kind: str | None = None


def outcome_reader(quality: Callable[[OutcomeEvent], str]) -> FactReader:
    """A reader for one type of outcome, whose quality is a constant or is given by the event."""

    def to_changes(event: OutcomeEvent, context: EventContext) -> list[Change]:
        columns = {
            "rank": event.rank,
            "quality": quality(event),
            "months": event.months,
            "on": event.on.isoformat(),
            "day": event.on.toordinal(),
            "territory": context.territory,
        }
        return [Change("outcome", (event.person, event.outcome, context.position), columns)]

    return reader(OutcomeEvent, to_changes)


READERS: dict[str, FactReader] = {
    "coaching.JobFound": outcome_reader(lambda event: str(event.contract)),
    "coaching.TrainingEntered": outcome_reader(lambda event: f"FORMATION_{event.kind}"),
    "coaching.SchoolResumed": outcome_reader(lambda event: "SCOLARITE"),
    "coaching.CivicServiceStarted": outcome_reader(lambda event: "SERVICE_CIVIQUE"),
    "coaching.IntensiveSchemeEntered": outcome_reader(lambda event: "DISPOSITIF_INTENSIF"),
    "coaching.BusinessCreated": outcome_reader(lambda event: "CREATION"),
}
