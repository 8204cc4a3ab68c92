"""The anonymous survey: the tickets that were issued, and the answers. Nothing joins the two: an answer cannot be joined to a person.

A ticket is named by the exit and the moment it was issued for; an answer, and the redemption of its ticket, by the position of its event.
Answers that were given before tickets were counted have no moment, and redeem none.
"""

from datetime import date

from msgspec import Struct

from services.reporting.facts.change import Change, EventContext, FactReader, iso, reader


class SurveyTicketIssued(Struct):
    person: str
    rank: int
    moment: str
    territory: str
    on: date


class SurveyAnswered(Struct):
    satisfied: bool
    rating: int
    domains: list[str]
    wellbeing: bool
    wants_continuation: bool
    territory: str
    on: date
    moment: str | None = None


def on_ticket_issued(event: SurveyTicketIssued, context: EventContext) -> list[Change]:
    return [Change("survey_ticket", (event.person, event.rank, event.moment), {"territory": event.territory, "on": iso(event.on)})]


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
    return [Change("answer", (context.position,), columns), *redemptions(event, context)]


def redemptions(event: SurveyAnswered, context: EventContext) -> list[Change]:
    if event.moment is None:
        return []
    columns = {"territory": event.territory, "on": iso(event.on), "moment": event.moment}
    return [Change("survey_redemption", (context.position,), columns)]


READERS: dict[str, FactReader] = {
    "coaching.SurveyTicketIssued": reader(SurveyTicketIssued, on_ticket_issued),
    "coaching.SurveyAnswered": reader(SurveyAnswered, on_survey_answered),
}
