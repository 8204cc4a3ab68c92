"""Outcomes keep their fine quality; their class is a matter of definitions."""

from collections.abc import Callable
from datetime import date

from msgspec import Struct

from services.reporting.facts.change import Change, EventContext, Reader, reader


class Outcome(Struct):
    person: str
    rank: int
    outcome: str
    on: date
    contract: str | None = None
    months: int | None = None
    kind: str | None = None


def said(quality: Callable[[Outcome], str]) -> Reader:
    def say(event: Outcome, at: EventContext) -> list[Change]:
        columns = {
            "rank": event.rank,
            "quality": quality(event),
            "months": event.months,
            "on": event.on.isoformat(),
            "territory": at.territory,
        }
        return [Change("outcome", (event.person, event.outcome), columns)]

    return reader(Outcome, say)


READERS: dict[str, Reader] = {
    "coaching.JobFound": said(lambda event: str(event.contract)),
    "coaching.TrainingEntered": said(lambda event: f"FORMATION_{event.kind}"),
    "coaching.SchoolResumed": said(lambda event: "SCOLARITE"),
    "coaching.CivicServiceStarted": said(lambda event: "SERVICE_CIVIQUE"),
    "coaching.IntensiveSchemeEntered": said(lambda event: "DISPOSITIF_INTENSIF"),
    "coaching.BusinessCreated": said(lambda event: "CREATION"),
}
