"""What a participant thinks of the programme: one answer per ticket, which cannot be joined to a person (invariant 11 of the domain).

One stream per ticket, named after its digest. A ticket is issued in the journey of a person (survey_tickets.py) and recorded nowhere,
neither there nor here; the events record no actor, and of their time only the month. That a ticket is genuine is the rule of its field.
"""

import hashlib
from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from services.coaching.coded_values import LifeDomain
from services.vocabulary.fields import Ticket
from services.vocabulary.survey_ticket import SurveyMoment, read_ticket
from shared.command_fields import CommandTerritory, FactDate
from shared.decider import Decider
from shared.errors import Refused
from shared.trust.personal.marks import Code

Rating = Annotated[int, Meta(ge=1, le=5)]

# Events: what happened -----------------------------------------------------------------------------------------------


class SurveyAnswered(Struct, frozen=True, tag=True, kw_only=True):
    """One answer. Nothing in it leads to a person: no ticket, no actor, no journey. `on` is the first day of its month.

    `moment` is the one that the ticket was issued for; None for the answers that were given before tickets were counted.
    """

    satisfied: bool
    rating: int
    domains: list[LifeDomain]
    wellbeing: bool
    wants_continuation: bool
    territory: Code
    on: date
    moment: SurveyMoment | None = None


Event = SurveyAnswered

# State: what is true -------------------------------------------------------------------------------------------------


class Awaited(Struct, frozen=True):
    """No answer with this ticket yet."""


class Answered(Struct, frozen=True):
    """The ticket is used."""


State = Awaited | Answered
initial: State = Awaited()


def evolve(state: State, event: Event) -> State:
    return Answered()


# Commands: what may be requested -------------------------------------------------------------------------------------


class AnswerSurvey(Struct, frozen=True, kw_only=True):
    token: Ticket
    satisfied: bool
    rating: Rating
    domains: list[LifeDomain]
    wellbeing: bool
    wants_continuation: bool
    on: FactDate
    territory: CommandTerritory


Command = AnswerSurvey

# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    if isinstance(state, Answered):
        raise Refused("survey_already_answered")
    if len(set(command.domains)) < len(command.domains):
        raise Refused("domain_named_twice")
    answer = SurveyAnswered(
        satisfied=command.satisfied,
        rating=command.rating,
        domains=command.domains,
        wellbeing=command.wellbeing,
        wants_continuation=command.wants_continuation,
        territory=command.territory,
        on=command.on.replace(day=1),
        moment=read_ticket(command.token).moment,
    )
    return [answer]


decider = Decider(
    "coaching",
    commands=Command,
    events=Event,
    initial=initial,
    evolve=evolve,
    decide=decide,
    stream=lambda command: f"survey-{hashlib.sha256(command.token.encode()).hexdigest()[:32]}",
    anonymous=True,
)
