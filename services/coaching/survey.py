"""What a participant thinks of the programme: one answer per token, which cannot be joined to a person (invariant 11 of the domain).

One stream per token, named after its digest. The token is random and recorded nowhere, neither beside a person nor beside the answer,
and the events record no actor.
"""

import hashlib
from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from services.coaching.coded_values import LifeDomain
from services.vocabulary.fields import Id
from shared.command_fields import CommandTerritory, FactDate
from shared.decider import Decider
from shared.errors import Refused

Rating = Annotated[int, Meta(ge=1, le=5)]

# Events: what happened -----------------------------------------------------------------------------------------------


class SurveyAnswered(Struct, frozen=True, tag=True, kw_only=True):
    """One answer. Nothing in it leads to a person: no token, no actor, no journey."""

    satisfied: bool
    rating: int
    domains: list[LifeDomain]
    wellbeing: bool
    wants_continuation: bool
    territory: str
    on: date


Event = SurveyAnswered

# State: what is true -------------------------------------------------------------------------------------------------


class Awaited(Struct, frozen=True):
    """No answer with this token yet."""


class Answered(Struct, frozen=True):
    """The token is used."""


State = Awaited | Answered
initial: State = Awaited()


def evolve(state: State, event: Event) -> State:
    return Answered()


# Commands: what may be requested -------------------------------------------------------------------------------------


class AnswerSurvey(Struct, frozen=True, kw_only=True):
    token: Id
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
        on=command.on,
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
