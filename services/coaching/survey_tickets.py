"""The right to answer the anonymous survey: a ticket at the exit, and one 3 and 6 months after it.

Part of the aggregate of journey.py and of its stream `journey-<person>`. Only that a ticket was issued is recorded here; the answer is in a
stream of its own (survey.py), and nothing joins the two (ADR 0034).
"""

from collections.abc import Set as AbstractSet
from datetime import date

from msgspec import Struct

from services.coaching.coded_values import Milestone
from services.coaching.exits import Exit
from services.coaching.follow_up import MAX_EARLINESS, MONTHS_AFTER_EXIT
from services.vocabulary.calendar import add_months
from services.vocabulary.fields import Id, Rank
from services.vocabulary.survey_ticket import SurveyMoment
from shared.command_fields import CommandTerritory, FactDate
from shared.errors import Refused
from shared.trust.personal.marks import Code, Identifier

MONTHS_AFTER = {SurveyMoment.M3: MONTHS_AFTER_EXIT[Milestone.M3], SurveyMoment.M6: MONTHS_AFTER_EXIT[Milestone.M6]}

# Events: what happened -----------------------------------------------------------------------------------------------


class SurveyTicketIssued(Struct, frozen=True, tag=True, kw_only=True):
    """A ticket of this moment was issued. Nothing here tells which one."""

    person: Identifier
    rank: int
    moment: SurveyMoment
    territory: Code
    on: date


# State: what is true -------------------------------------------------------------------------------------------------

Issued = frozenset[SurveyMoment]  # the moments of one exit for which a ticket was issued

# Commands: what may be requested -------------------------------------------------------------------------------------


class IssueSurveyTicket(Struct, frozen=True, kw_only=True):
    person: Id
    rank: Rank
    moment: SurveyMoment
    on: FactDate
    territory: CommandTerritory


# Decisions: what follows ---------------------------------------------------------------------------------------------


def issue(exit: Exit, issued: AbstractSet[SurveyMoment], command: IssueSurveyTicket) -> SurveyTicketIssued:
    """One ticket for each moment of an exit that counts. A neutralised exit has none: nobody asks a person who died or is in prison."""
    if exit.neutralised is not None:
        raise Refused("exit_neutralised")
    if command.moment in issued:
        raise Refused("survey_ticket_already_issued")
    if command.on < first_day(exit.on, command.moment):
        raise Refused("survey_ticket_too_early")
    return SurveyTicketIssued(person=command.person, rank=command.rank, moment=command.moment, territory=command.territory, on=command.on)


def first_day(exit_on: date, moment: SurveyMoment) -> date:
    """The first day on which a ticket of this moment may be issued: the exit, or that of the follow-up of the same months."""
    months = MONTHS_AFTER.get(moment)
    return exit_on if months is None else add_months(exit_on, months) - MAX_EARLINESS
