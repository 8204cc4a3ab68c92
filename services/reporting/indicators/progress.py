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

from msgspec.structs import replace
from sqlalchemy import and_, bindparam, case, exists, func, or_, select

from services.reporting.facts import tables as t
from services.reporting.facts.tables import POSITION_SEPARATOR
from services.reporting.indicators.model import Indicator, Side, count_indicator, rate_indicator
from services.reporting.indicators.queries import (
    Population,
    by_quarter_end,
    definitions_version,
    facts,
    in_quarter,
    key_text,
    not_by_quarter_end,
    quarter,
    requested_quarter,
    root_person,
    with_person_record,
)

SECTION = "Parcours et sorties"
WINDOW = "Une issue compte jusqu’à {outcome_days} après la sortie."  # a template: see `printed`
COHORT = "Personnes dont un parcours a été ouvert"
POSITIVE, DYNAMIC = 2, 1  # scores of outcome classes, as facts.decisions.SCORES

journey, exit_, exit_outcome, outcome, outcome_class = t.journey.c, t.exit_.c, t.exit_outcome.c, t.outcome.c, t.outcome_class.c

# Journeys opened, each with the territory of its person's first one, in which the person counts, and the exit if it is neutralised.
openings = (
    select(
        journey.person,
        journey.rank,
        root_person(t.journey).label("root"),
        journey.opened_on,
        journey.positions,
        func.first_value(journey.territory)
        .over(partition_by=root_person(t.journey), order_by=(journey.opened_on, journey.opened_at))
        .label("territory"),
        case((exit_.neutralised.is_not(None), exit_.exit_on)).label("neutralised_from"),
    )
    .select_from(with_person_record(t.journey).outerjoin(t.exit_, and_(exit_.person == journey.person, exit_.rank == journey.rank)))
    .where(journey.opened_on.is_not(None))
    .subquery("openings")
)
opening = openings.c
coached = Population(
    source=openings,
    conditions=(by_quarter_end(opening.opened_on), not_by_quarter_end(opening.neutralised_from)),
    counted=opening.root,
    territory=opening.territory,
    positions=opening.positions,
    person=opening.root,
)
cohort = coached.side(on=opening.opened_on)

# An outcome is one of an exit if the latest statement of the exit names it, or if it came after the exit, in the same journey.
named_by_exit = exists().where(
    exit_outcome.person == exit_.person,
    exit_outcome.rank == exit_.rank,
    exit_outcome.statement == exit_.statement,
    exit_outcome.outcome == outcome.outcome,
)
came_after_exit = and_(outcome.rank == exit_.rank, outcome.on > exit_.exit_on)
of_exit = and_(
    outcome.person == exit_.person,
    or_(named_by_exit, came_after_exit),
    outcome.day - exit_.exit_day <= bindparam("outcome_days"),
)
of_quality = and_(
    outcome_class.version == definitions_version,
    outcome_class.quality == outcome.quality,
    outcome_class.least_months <= func.coalesce(outcome.months, 0),
    or_(outcome_class.below_months.is_(None), outcome_class.below_months > func.coalesce(outcome.months, 0)),
)
# What is known of an outcome at the end of a quarter is its latest statement of a day by then.
later_statement = t.outcome.alias("later_statement")
stated_again = exists().where(
    later_statement.c.person == outcome.person,
    later_statement.c.outcome == outcome.outcome,
    later_statement.c.position > outcome.position,
    later_statement.c.on <= quarter.c.end_on,
)
known_by_quarter_end = and_(outcome.on <= quarter.c.end_on, ~stated_again)


def with_outcomes(exits: Population) -> Population:
    """Exits with their outcomes known by the end of the quarter that are positive or dynamic, a row for each."""
    with_classes = exits.joined(t.outcome, of_exit).joined(t.outcome_class, of_quality)
    return with_classes.where(known_by_quarter_end, outcome_class.score > 0)


def best(exits: Population, *scores: int) -> Side:
    """The best outcome of each that is counted, in each quarter, if it has one of these scores.

    The order is total, so that every database chooses the same row for the evidence.
    """
    order = (outcome_class.score.desc(), exit_.exit_on, exit_.rank, outcome.on, outcome.position)
    positions = exit_.positions + POSITION_SEPARATOR + outcome.positions
    rows = exits.side(on=exit_.exit_on, detail=outcome.quality, positions=positions).add_columns(
        outcome_class.score.label("score"),
        func.row_number().over(partition_by=(quarter.c.id, exits.counted), order_by=order).label("nth"),
    )
    ranked = rows.subquery()
    columns = [column for column in ranked.c if column.name not in ("score", "nth")]
    return select(*columns).where(ranked.c.nth == 1, ranked.c.score.in_(scores))


# People of the cohort, with the outcomes of their exits.
outcomes_of_coached = with_outcomes(
    coached.joined(t.exit_, and_(exit_.person == opening.person, exit_.rank == opening.rank)).where(exit_.exit_on <= quarter.c.end_on)
)
positive = best(outcomes_of_coached, POSITIVE)
dynamic = best(outcomes_of_coached, DYNAMIC)
progress = best(outcomes_of_coached, POSITIVE, DYNAMIC)

exits = facts(t.exit_, in_quarter(exit_.exit_on), exit_.territory.is_not(None), exit_.neutralised.is_(None))

# The territory of a journey's last transfer by the quarter's end; NULL if there was none.
transferred_to = (
    select(t.transfer.c.territory)
    .where(t.transfer.c.person == journey.person, t.transfer.c.rank == journey.rank, t.transfer.c.on <= quarter.c.end_on)
    .order_by(t.transfer.c.position.desc())
    .limit(1)
    .correlate(t.journey, t.quarter)
    .scalar_subquery()
)
exited = exists().where(exit_.person == journey.person, exit_.rank == journey.rank, exit_.exit_on <= quarter.c.end_on)
open_journeys = facts(t.journey, by_quarter_end(journey.opened_on), ~exited)


def latest_of_person() -> Side:
    """The latest open journey of each person: merged records may have one each."""
    person = root_person(t.journey)
    rows = replace(open_journeys, counted=person, territory=func.coalesce(transferred_to, journey.territory)).side(on=journey.opened_on)
    order = (journey.opened_on.desc(), journey.opened_at.desc())
    ranked = rows.add_columns(func.row_number().over(partition_by=(quarter.c.id, person), order_by=order).label("nth")).subquery()
    return select(*(column for column in ranked.c if column.name != "nth")).where(ranked.c.nth == 1)


businesses = facts(
    t.outcome,
    outcome.quality == "CREATION",
    requested_quarter,
    known_by_quarter_end,
    counted=key_text(outcome.person, outcome.outcome),
).side(on=outcome.on, detail=outcome.quality)


def rate_of_cohort(id: str, label: str, definition: str, numerator: Side) -> Indicator:
    return rate_indicator(id, label, definition, numerator, cohort, cumulative=True, section=SECTION, fact="exit", population=COHORT)


INDICATORS = (
    rate_of_cohort(
        "positive_rate",
        "Sorties positives",
        "Personnes dont la meilleure sortie est positive ({positive}), sur les personnes dont un parcours a été ouvert, depuis le début. "
        f"Les situations neutralisées ne comptent ni en haut ni en bas. {WINDOW}",
        positive,
    ),
    rate_of_cohort(
        "dynamic_rate",
        "Sorties dynamiques",
        "Personnes dont la meilleure sortie est dynamique ({dynamic}), sur les mêmes personnes. Une sortie positive n’est pas dynamique. "
        f"{WINDOW}",
        dynamic,
    ),
    rate_of_cohort(
        "progress_rate",
        "Ont nettement progressé",
        "Personnes dont la meilleure sortie est positive ({positive}) ou dynamique ({dynamic}), sur les personnes dont un parcours a été "
        f"ouvert. {WINDOW}",
        progress,
    ),
    Indicator(
        id="positive_target",
        label="Écart à l’objectif de sorties positives",
        definition="Taux de sorties positives ({positive}) moins l’objectif, en points. Personnes manquantes : l’objectif appliqué aux "
        f"personnes accompagnées, arrondi au-dessus, moins les sorties positives. {WINDOW}",
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
        "Sorties positives ({positive}) sur les sorties du trimestre : un autre dénominateur que celui des sorties positives de l’étude. "
        f"{WINDOW}",
        best(with_outcomes(exits), POSITIVE),
        exits.side(on=exit_.exit_on, detail=exit_.reason),
        section=SECTION,
        fact="exit",
        population="Sorties du trimestre, hors situations neutralisées",
    ),
    count_indicator(
        "businesses_created",
        "Créations d’entreprise",
        "Entreprises créées par des personnes accompagnées, depuis le début.",
        businesses,
        cumulative=True,
        section=SECTION,
        fact="outcome",
        population="Personnes accompagnées",
    ),
    count_indicator(
        "journeys_open",
        "Parcours ouverts en fin de trimestre",
        "Personnes dont un parcours est ouvert le dernier jour du trimestre, là où le parcours est alors suivi.",
        latest_of_person(),
        cumulative=True,
        stock=True,
        section=SECTION,
        fact="journey",
        population="Personnes accompagnées",
    ),
)
