"""Indicators of what became of the people who were coached: their exits, by class of outcome.

Formulas, as the programme defines them and as the study of 2022-2024 published its figures:

- An exit has the class of the best of its outcomes. POSITIVE and DYNAMIC are disjoint here, and are added in the progress rate.
- positive rate: persons whose best exit is POSITIVE / persons with a journey opened, both since the start; dynamic rate: the same with
  DYNAMIC; progress rate: (POSITIVE + DYNAMIC) / the same cohort.
- positive rate on exits: POSITIVE exits / exits of the quarter.
- gap to target: positive rate - target, in points (`formatting.gap_cell`).
- A neutralised exit (move, death, long illness, prison) is in no numerator and takes its person out of the denominator.

Which outcome has which class is versioned data (`outcome_class`), read in the requested version of the definitions.
"""

from sqlalchemy import ColumnElement, Subquery, and_, exists, func, select

from services.reporting.facts import tables as t
from services.reporting.facts.tables import POSITION_SEPARATOR
from services.reporting.indicators.model import Indicator, Side, count_indicator, rate_indicator
from services.reporting.indicators.queries import (
    Column,
    by_quarter_end,
    definitions_version,
    facts_side,
    in_quarter,
    key_text,
    persons_side,
    quarter,
    root_person,
    side,
    with_person_record,
)

SECTION = "Parcours et sorties"
COHORT = "Personnes dont un parcours a été ouvert"
POSITIVE, DYNAMIC = 2, 1  # scores of outcome classes, as facts.decisions.SCORES

journey, exit_, exit_outcome, outcome, outcome_class = t.journey.c, t.exit_.c, t.exit_outcome.c, t.outcome.c, t.outcome_class.c

# Exits with the outcomes that their latest statement names, and the classes that the definitions give to these outcomes.
exits_with_outcomes = (
    with_person_record(t.exit_)
    .outerjoin(
        t.exit_outcome,
        and_(exit_outcome.person == exit_.person, exit_outcome.rank == exit_.rank, exit_outcome.statement == exit_.statement),
    )
    .outerjoin(t.outcome, and_(outcome.person == exit_outcome.person, outcome.outcome == exit_outcome.outcome))
    .outerjoin(
        t.outcome_class,
        and_(
            outcome_class.version == definitions_version,
            outcome_class.quality == outcome.quality,
            outcome_class.least_months <= func.coalesce(outcome.months, 0),
        ),
    )
)
score = func.coalesce(outcome_class.score, 0)


def ranked_exits(period: ColumnElement[bool], group: tuple[Column, ...], name: str) -> Subquery:
    """Exits that are not neutralised, each with one outcome, numbered (`nth`) from the best within each quarter and `group`.

    The order is total, down to the record: if two merged records exit on one day in two territories, every database and every query
    must choose the same exit. `coalesce` is there because databases sort NULL differently.
    """
    order = (score.desc(), exit_.exit_on, exit_.rank, exit_.person, func.coalesce(outcome.outcome, ""))
    return (
        select(
            quarter.c.id.label("quarter"),
            exit_.territory,
            exit_.exit_on,
            root_person(t.exit_).label("person"),
            key_text(t.exit_).label("exit"),
            func.coalesce(outcome.quality, exit_.reason).label("detail"),
            (exit_.positions + func.coalesce(POSITION_SEPARATOR + outcome.positions, "")).label("positions"),
            score.label("score"),
            func.row_number().over(partition_by=(quarter.c.id, *group), order_by=order).label("nth"),
        )
        .select_from(exits_with_outcomes.join(quarter, period))
        .where(exit_.neutralised.is_(None))
        .subquery(name)
    )


best_of_person = ranked_exits(by_quarter_end(exit_.exit_on), (root_person(t.exit_),), "best_of_person")
best_of_exit = ranked_exits(in_quarter(exit_.exit_on), (exit_.person, exit_.rank), "best_of_exit")


def best_exits(ranked: Subquery, counted: Column, *scores: int) -> Side:
    """The best exit of each group, of one of these scores if any are given."""
    of_class = [ranked.c.score.in_(scores)] if scores else []
    return side(
        ranked,
        ranked.c.quarter == quarter.c.id,
        ranked.c.nth == 1,
        *of_class,
        counted=counted,
        on=ranked.c.exit_on,
        territory=ranked.c.territory,
        positions=ranked.c.positions,
        person=ranked.c.person,
        detail=ranked.c.detail,
    )


neutralised = exists().where(
    exit_.person == journey.person, exit_.rank == journey.rank, exit_.neutralised.is_not(None), exit_.exit_on <= quarter.c.end_on
)
cohort = persons_side(t.journey, by_quarter_end(journey.opened_on), ~neutralised, on=journey.opened_on)
positive = best_exits(best_of_person, best_of_person.c.person, POSITIVE)

# The territory of a journey's last transfer by the quarter's end; NULL if there was none.
transferred_to = (
    select(t.transfer.c.territory)
    .where(t.transfer.c.person == journey.person, t.transfer.c.rank == journey.rank, t.transfer.c.on <= quarter.c.end_on)
    .order_by(t.transfer.c.position.desc())
    .limit(1)
    .correlate(t.journey, t.quarter)
    .scalar_subquery()
)
current_territory = func.coalesce(transferred_to, journey.territory)
exited = exists().where(exit_.person == journey.person, exit_.rank == journey.rank, exit_.exit_on <= quarter.c.end_on)


def rate_of_cohort(id: str, label: str, definition: str, *scores: int) -> Indicator:
    numerator = best_exits(best_of_person, best_of_person.c.person, *scores)
    return rate_indicator(id, label, definition, numerator, cohort, cumulative=True, section=SECTION, fact="exit", population=COHORT)


INDICATORS = (
    rate_of_cohort(
        "positive_rate",
        "Sorties positives",
        "Personnes dont la meilleure sortie est positive ({positive}), sur les personnes dont un parcours a été ouvert, depuis le début. "
        "Les situations neutralisées ne comptent ni en haut ni en bas.",
        POSITIVE,
    ),
    rate_of_cohort(
        "dynamic_rate",
        "Sorties dynamiques",
        "Personnes dont la meilleure sortie est dynamique ({dynamic}), sur les mêmes personnes. Une sortie positive n’est pas dynamique.",
        DYNAMIC,
    ),
    rate_of_cohort(
        "progress_rate",
        "Ont nettement progressé",
        "Personnes dont la meilleure sortie est positive ({positive}) ou dynamique ({dynamic}), sur les personnes dont un parcours a été "
        "ouvert.",
        POSITIVE,
        DYNAMIC,
    ),
    Indicator(
        id="positive_target",
        label="Écart à l’objectif de sorties positives",
        definition="Taux de sorties positives ({positive}) moins l’objectif, en points. Personnes manquantes : l’objectif appliqué aux "
        "personnes accompagnées, arrondi au-dessus, moins les sorties positives.",
        population=COHORT,
        section=SECTION,
        fact="exit",
        unit="points",
        measure="gap",
        cumulative=True,
        numerator=positive,
        denominator=cohort,
    ),
    rate_indicator(
        "positive_rate_on_exits",
        "Sorties positives parmi les sorties du trimestre",
        "Sorties positives ({positive}) sur les sorties du trimestre : un autre dénominateur que celui des sorties positives de l’étude.",
        best_exits(best_of_exit, best_of_exit.c.exit, POSITIVE),
        best_exits(best_of_exit, best_of_exit.c.exit),
        section=SECTION,
        fact="exit",
        population="Sorties du trimestre, hors situations neutralisées",
    ),
    count_indicator(
        "businesses_created",
        "Créations d’entreprise",
        "Entreprises créées par des personnes accompagnées, depuis le début.",
        facts_side(t.outcome, outcome.quality == "CREATION", by_quarter_end(outcome.on), on=outcome.on, detail=outcome.quality),
        cumulative=True,
        section=SECTION,
        fact="outcome",
        population="Personnes accompagnées",
    ),
    count_indicator(
        "journeys_open",
        "Parcours ouverts en fin de trimestre",
        "Personnes dont un parcours est ouvert le dernier jour du trimestre, là où le parcours est alors suivi.",
        persons_side(t.journey, by_quarter_end(journey.opened_on), ~exited, on=journey.opened_on, territory=current_territory),
        cumulative=True,
        stock=True,
        section=SECTION,
        fact="journey",
        population="Personnes accompagnées",
    ),
)
