"""What became of those who were coached: the class of an exit is the best of its outcomes, that of a person the best of their exits."""

from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, exists, func, select

from services.reporting.facts import tables as t
from services.reporting.facts.tables import SEPARATOR
from services.reporting.indicators.model import Indicator, Side, count, rate
from services.reporting.indicators.queries import Column, facts, key_of, of_person, persons, quarter, root_of, rows, until, version, within

SECTION = "Parcours et sorties"
COHORT = "Personnes dont un parcours a été ouvert"
POSITIVE, DYNAMIC = 2, 1

journey, exit_, proof, outcome, graded = t.journey.c, t.exit_.c, t.exit_outcome.c, t.outcome.c, t.outcome_class.c

exits = (
    of_person(t.exit_)
    .outerjoin(t.exit_outcome, and_(proof.person == exit_.person, proof.rank == exit_.rank, proof.statement == exit_.statement))
    .outerjoin(t.outcome, and_(outcome.person == proof.person, outcome.outcome == proof.outcome))
    .outerjoin(
        t.outcome_class,
        and_(
            graded.version == version,
            graded.quality == outcome.quality,
            graded.least_months <= func.coalesce(outcome.months, 0),
        ),
    )
)
score = func.coalesce(graded.score, 0)


def best(period: ColumnElement[bool], of: tuple[Column, ...], name: str) -> Subquery:
    """Exits with the outcome that classes them, the best first within each `of`. Neutralised exits are nowhere.

    The order leaves nothing open, down to the record: of two merged records that left on one day, in two towns, every database and
    every question must take the same one. Databases do not agree on where NULL comes.
    """
    order = (score.desc(), exit_.exit_on, exit_.rank, exit_.person, func.coalesce(outcome.outcome, ""))
    return (
        select(
            quarter.c.id.label("quarter"),
            exit_.territory,
            exit_.exit_on,
            root_of(t.exit_).label("person"),
            key_of(t.exit_).label("exit"),
            func.coalesce(outcome.quality, exit_.reason).label("detail"),
            (exit_.positions + func.coalesce(SEPARATOR + outcome.positions, "")).label("positions"),
            score.label("score"),
            func.row_number().over(partition_by=(quarter.c.id, *of), order_by=order).label("nth"),
        )
        .select_from(exits.join(quarter, period))
        .where(exit_.neutralised.is_(None))
        .subquery(name)
    )


of_people = best(until(exit_.exit_on), (root_of(t.exit_),), "best_of_person")
of_exits = best(within(exit_.exit_on), (exit_.person, exit_.rank), "best_of_exit")


def classed(found: Subquery, counted: Column, *scores: int) -> Side:
    of_class: tuple[Any, ...] = (found.c.score.in_(scores),) if scores else ()
    return rows(
        found,
        found.c.quarter == quarter.c.id,
        found.c.nth == 1,
        *of_class,
        counted=counted,
        on=found.c.exit_on,
        territory=found.c.territory,
        positions=found.c.positions,
        person=found.c.person,
        detail=found.c.detail,
    )


neutralised = exists().where(
    exit_.person == journey.person, exit_.rank == journey.rank, exit_.neutralised.is_not(None), exit_.exit_on <= quarter.c.end_on
)
cohort = persons(t.journey, until(journey.opened_on), ~neutralised, on=journey.opened_on)
positive = classed(of_people, of_people.c.person, POSITIVE)

# A journey stands where it was last transferred to, by the quarter's end.
moved = (
    select(t.transfer.c.territory)
    .where(t.transfer.c.person == journey.person, t.transfer.c.rank == journey.rank, t.transfer.c.on <= quarter.c.end_on)
    .order_by(t.transfer.c.position.desc())
    .limit(1)
    .correlate(t.journey, t.quarter)
    .scalar_subquery()
)
ended = exists().where(exit_.person == journey.person, exit_.rank == journey.rank, exit_.exit_on <= quarter.c.end_on)


def of_cohort(id: str, label: str, definition: str, *scores: int) -> Indicator:
    side = classed(of_people, of_people.c.person, *scores)
    return rate(id, label, definition, side, cohort, cumulative=True, section=SECTION, fact="exit", population=COHORT)


INDICATORS = (
    of_cohort(
        "positive_rate",
        "Sorties positives",
        "Personnes dont la meilleure sortie est positive (emploi durable, création d’entreprise, formation qualifiante), sur les personnes "
        "dont un parcours a été ouvert, depuis le début. Les situations neutralisées ne comptent ni en haut ni en bas.",
        POSITIVE,
    ),
    of_cohort(
        "dynamic_rate",
        "Sorties dynamiques",
        "Personnes dont la meilleure sortie est dynamique (emploi de transition, pré-qualification, retour à l’école, service civique, "
        "autre dispositif intensif), sur les mêmes personnes. Une sortie positive n’est pas dynamique.",
        DYNAMIC,
    ),
    of_cohort(
        "progress_rate",
        "Ont nettement progressé",
        "Personnes dont la meilleure sortie est positive ou dynamique, sur les personnes dont un parcours a été ouvert.",
        POSITIVE,
        DYNAMIC,
    ),
    Indicator(
        id="positive_target",
        label="Écart à l’objectif de sorties positives",
        definition="Taux de sorties positives moins l’objectif, en points. Personnes manquantes : l’objectif appliqué aux personnes "
        "accompagnées, arrondi au-dessus, moins les sorties positives.",
        population=COHORT,
        section=SECTION,
        fact="exit",
        unit="points",
        measure="gap",
        cumulative=True,
        numerator=positive,
        denominator=cohort,
    ),
    rate(
        "positive_rate_on_exits",
        "Sorties positives parmi les sorties du trimestre",
        "Sorties positives sur les sorties du trimestre : un autre dénominateur que celui des sorties positives de l’étude.",
        classed(of_exits, of_exits.c.exit, POSITIVE),
        classed(of_exits, of_exits.c.exit),
        section=SECTION,
        fact="exit",
        population="Sorties du trimestre, hors situations neutralisées",
    ),
    count(
        "businesses_created",
        "Créations d’entreprise",
        "Entreprises créées par des personnes accompagnées, depuis le début.",
        facts(t.outcome, key_of(t.outcome), outcome.quality == "CREATION", until(outcome.on), on=outcome.on, detail=outcome.quality),
        cumulative=True,
        section=SECTION,
        fact="outcome",
        population="Personnes accompagnées",
    ),
    count(
        "journeys_open",
        "Parcours ouverts en fin de trimestre",
        "Personnes dont un parcours est ouvert le dernier jour du trimestre, là où le parcours est alors suivi.",
        persons(t.journey, until(journey.opened_on), ~ended, on=journey.opened_on, territory=func.coalesce(moved, journey.territory)),
        cumulative=True,
        section=SECTION,
        fact="journey",
        population="Personnes accompagnées",
    ),
)
