"""Answers to the anonymous survey. A row is named by the position of its event: an answer cannot be joined to a person."""

from datetime import date

from msgspec import Struct

from services.reporting.facts.change import Change, EventContext, FactReader, iso, reader


class SurveyAnswered(Struct):
    satisfied: bool
    rating: int
    domains: list[str]
    wellbeing: bool
    wants_continuation: bool
    territory: str
    on: date


def on_survey_answered(event: SurveyAnswered, context: EventContext) -> list[Change]:
    columns = {
        "territory": event.territory,
        "on": iso(event.on),
        "rating": event.rating,
        "domains": len(event.domains),
        "satisfied": event.satisfied,
        "wellbeing": event.wellbeing,
        "wants_continuation": event.wants_continuation,
    }
    return [Change("answer", (context.position,), columns)]


READERS: dict[str, FactReader] = {"coaching.SurveyAnswered": reader(SurveyAnswered, on_survey_answered)}
