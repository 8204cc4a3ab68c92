"""The rules that fields of commands name, for a programme: bounds of days and years, and what reference data has.

Every text is French, and says what is expected. A rule yields nothing for a value that is right.
"""

import re
from collections.abc import Callable, Collection, Iterator
from datetime import date, timedelta
from typing import Any

from data_inclusion.schema.v1 import TypeService

from services.vocabulary.calendar import quarter_of
from services.vocabulary.french_format import day
from services.vocabulary.programme import Programme
from services.vocabulary.survey_ticket import month_of, read_ticket
from services.vocabulary.thematiques import LABELS
from shared.field_rules import Circumstances, FactRule, FieldFault, Rules

PLANNING_HORIZON = timedelta(days=3 * 366)
AGES = (14, 100)  # of a participant, in years by the calendar: wide, since only what is impossible is refused
ALL_TERRITORIES = "all"
SERVICE_TYPES = frozenset(kind.value for kind in TypeService)
QPV_LIST_OF_2024_FROM = date(2024, 1, 1)  # décret n° 2023-1314; that of 2015 stays in use beside it
QPV_CODES = {2015: "QP[0-9]{2}[0-9AB][0-9]{3}", 2024: "QN[0-9]{2}[0-9AB][0-9]{2}[A-Z]"}

Check = Callable[[Any, Circumstances], Iterator[FieldFault]]


def field_rules(programme: Programme, genuine: Callable[[str], bool] = lambda ticket: False) -> Rules:
    """Every rule, by the name that the types of `fields.py` give it. `genuine` knows the seal of survey tickets: without it, none is."""
    return {
        "past_day": past_day(programme),
        "planned_day": planned_day(programme),
        "birth_year": birth_year,
        "birth_date": birth_date,
        "territory": territory(programme, ()),
        "territory_or_all": territory(programme, (ALL_TERRITORIES,)),
        "thematique": one_of(LABELS, "Pas dans le référentiel des thématiques de data·inclusion : {value}."),
        "service_type": one_of(SERVICE_TYPES, "Pas dans le référentiel des types de service de data·inclusion : {value}."),
        "quarter": quarter(programme),
        "qpv": neighbourhood(programme),
        "survey_ticket": survey_ticket(genuine),
    }


def fact_rule(programme: Programme) -> FactRule:
    """The day of every fact is within the programme."""
    earliest = programme.earliest()

    def check(fact: Circumstances) -> Iterator[str]:
        if fact.fact_date < earliest:
            yield before_programme(programme)

    return check


def before_programme(programme: Programme) -> str:
    return f"Le programme commence le {day(programme.since)} : rien ne s’y enregistre avant le {day(programme.earliest())}."


def past_day(programme: Programme) -> Check:
    earliest = programme.earliest()

    def check(value: date, fact: Circumstances) -> Iterator[FieldFault]:
        if value < earliest:
            yield "", before_programme(programme)
        if value > fact.recording_date:
            yield "", "Ce jour est dans l’avenir."

    return check


def planned_day(programme: Programme) -> Check:
    earliest = programme.earliest()

    def check(value: date, fact: Circumstances) -> Iterator[FieldFault]:
        if value < earliest:
            yield "", before_programme(programme)
        if value > fact.fact_date + PLANNING_HORIZON:
            yield "", f"Au plus tard le {day(fact.fact_date + PLANNING_HORIZON)}."

    return check


def birth_year(value: int, fact: Circumstances) -> Iterator[FieldFault]:
    youngest, oldest = AGES
    year = fact.fact_date.year
    if not year - oldest <= value <= year - youngest:
        yield "", f"Entre {year - oldest} et {year - youngest} : une personne de {youngest} à {oldest} ans."


def birth_date(value: date, fact: Circumstances) -> Iterator[FieldFault]:
    yield from birth_year(value.year, fact)


def territory(programme: Programme, more: Collection[str]) -> Check:
    def check(value: str, fact: Circumstances) -> Iterator[FieldFault]:
        in_force = [known.id for known in programme.territories if known.in_force(fact.fact_date)]
        if value not in (*in_force, *more):
            yield "", f"Un de ces territoires est attendu : {', '.join((*in_force, *more))}."

    return check


def one_of(known: Collection[str], text: str) -> Check:
    def check(value: str, fact: Circumstances) -> Iterator[FieldFault]:
        if value not in known:
            yield "", text.format(value=value)

    return check


def quarter(programme: Programme) -> Check:
    """A quarter that overlaps the time in which facts may happen; targets and definitions may look ahead."""
    first = quarter_of(programme.earliest())

    def check(value: str, fact: Circumstances) -> Iterator[FieldFault]:
        last = quarter_of(fact.fact_date + PLANNING_HORIZON)
        if not first <= value <= last:
            yield "", f"Un trimestre de {first} à {last} est attendu."

    return check


def neighbourhood(programme: Programme) -> Check:
    """A neighbourhood of the territory, in a list that exists on that day. A code has the form of its list."""

    def check(value: Any, fact: Circumstances) -> Iterator[FieldFault]:
        vintage, name, code = value["vintage"], value["name"], value.get("code")
        if vintage == 2024 and fact.fact_date < QPV_LIST_OF_2024_FROM:
            yield "vintage", f"La liste de 2024 vaut depuis le {day(QPV_LIST_OF_2024_FROM)}."
        if code is not None and not re.fullmatch(QPV_CODES[vintage], code):
            yield "code", f"Ce n’est pas un code de la liste de {vintage}."
        here = programme.territory(fact.territory)
        known = [qpv for qpv in here.qpv if qpv.vintage == vintage] if here else []
        matching = [qpv for qpv in known if qpv.name == name]
        if here and not matching:
            names = ", ".join(qpv.name for qpv in known) or "aucun"
            yield "name", f"Quartiers de ce territoire dans la liste de {vintage} : {names}."
        if code and any(qpv.code and qpv.code != code for qpv in matching):
            yield "code", f"Le code de ce quartier est {matching[0].code}."

    return check


def survey_ticket(genuine: Callable[[str], bool]) -> Check:
    def check(value: str, fact: Circumstances) -> Iterator[FieldFault]:
        if not genuine(value):
            yield "", "Ce ticket n’est pas valable : une réponse se donne avec un ticket remis après une sortie."
            return
        ticket = read_ticket(value)
        if ticket.territory != fact.territory:
            yield "", "Ce ticket a été remis sur un autre territoire."
        if ticket.month > month_of(fact.fact_date):
            yield "", "Ce ticket a été remis plus tard."

    return check
