"""The rows of a move: a territory follows a person from a day on. Of moves, the last in the log says where a record is followed."""

from datetime import date

from services.reporting.facts.change import Change, EventContext, iso


def moved(person: str, territory: str, on: date, context: EventContext) -> list[Change]:
    return [
        Change("stay", (person, context.position), {"territory": territory, "on": iso(on)}),
        Change("standing", (person,), {"territory": territory, "since": iso(on)}),
    ]
