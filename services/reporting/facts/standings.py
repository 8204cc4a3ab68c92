"""What is read of a person and no figure counts: transfers before a journey, the referent of each journey, levels of a diagnostic."""

from datetime import date

from msgspec import Struct

from services.reporting.facts.change import Change, EventContext, FactReader, iso, reader
from services.reporting.facts.journeys import JourneyEvent
from services.reporting.facts.moves import moved


class PersonTransferred(Struct):
    person: str
    to_territory: str
    on: date


class ReferentNamed(JourneyEvent):
    referent: str


class DiagnosticCompleted(JourneyEvent):
    constraints: dict[str, str]


def on_person_transferred(event: PersonTransferred, context: EventContext) -> list[Change]:
    return moved(event.person, event.to_territory, event.on, context)


def on_referent_named(event: ReferentNamed, context: EventContext) -> list[Change]:
    return [Change("referent", (event.person, event.rank), {"referent": event.referent, "since": iso(event.on)})]


def on_diagnostic(event: DiagnosticCompleted, context: EventContext) -> list[Change]:
    """A later diagnostic replaces the levels of the thematiques that it speaks of."""
    return [
        Change("diagnostic", (event.person, event.rank, thematique), {"level": level, "on": iso(event.on)})
        for thematique, level in event.constraints.items()
    ]


READERS: dict[str, FactReader] = {
    "intake.PersonTransferred": reader(PersonTransferred, on_person_transferred),
    "coaching.ReferentAssigned": reader(ReferentNamed, on_referent_named),
    "coaching.ReferentReplaced": reader(ReferentNamed, on_referent_named),
    "coaching.DiagnosticCompleted": reader(DiagnosticCompleted, on_diagnostic),
}
