"""The plan of one person: the days of the first contact, and what follows it. Plans are drawn here and written out as commands later.

Three paths follow a first contact: the person is coached, in one journey or several; is redirected to a partner; or is only met, and the
contact ends in some way. The study's indicators keep the first two disjoint, so a plan has one path.
"""

from datetime import date
from random import Random
from typing import Literal
from uuid import UUID

from msgspec import Struct

from demo.draws import weighted_choice, workday_after

OutcomeClass = Literal["POSITIVE", "DYNAMIC", "OTHER", "OPEN"]  # of the best outcome of an exit; OPEN: no exit before the end
Orientation = Literal["none", "accepted", "declined", "unanswered"]  # the answer to the prescriber who sent the person, if any did
ContactEnding = Literal["REFUS", "PERDU_DE_VUE", "NON_ELIGIBLE", "DEMENAGEMENT", "WITHDRAWN", "PENDING"]

# Kinds of outcome in each class of the first version of the definitions, with their weights. Business creations are fixed cases.
OUTCOME_KINDS: dict[OutcomeClass, dict[str, int]] = {
    "POSITIVE": {"CDI": 14, "CDD_LONG": 11, "INTERIM_LONG": 3, "ALTERNANCE": 5, "TITULARISATION": 1, "FORMATION_QUALIFIANTE": 12},
    "DYNAMIC": {
        "CDD_COURT": 14,
        "INTERIM_COURT": 8,
        "CONTRAT_AIDE": 6,
        "SIAE": 10,
        "FORMATION_PRE_QUALIFIANTE": 9,
        "SCOLARITE": 2,
        "SERVICE_CIVIQUE": 3,
        "DISPOSITIF_INTENSIF": 4,
    },
}
EXIT_REASONS = {"ABANDON": 34, "PERDU_DE_VUE": 32, "SANS_SOLUTION": 22, "DEMANDE": 12}  # of an exit without an outcome
CONTACT_ENDINGS: dict[ContactEnding, int] = {
    "REFUS": 30,
    "PERDU_DE_VUE": 26,
    "NON_ELIGIBLE": 14,
    "DEMENAGEMENT": 6,
    "WITHDRAWN": 10,
    "PENDING": 14,
}

MIN_JOURNEY_DAYS, MAX_JOURNEY_DAYS = 120, 425  # 4 to 14 months
ORIENTED_SHARE = 0.5  # of the people coached
DECLINED_SHARE = 0.12  # of the others: a prescriber sent them, and the orientation is declined
EARLIER_OUTCOME_SHARE = 0.25  # of the exits with an outcome: a dynamic one came before it


class Correction(Struct, frozen=True, kw_only=True):
    """What became known after an exit, recorded on `corrected_on`: an outcome of `outcome_on`, and another day of exit."""

    corrected_on: date
    outcome_on: date
    exit_on: date
    outcome_kind: str


class JourneyPlan(Struct, frozen=True, kw_only=True):
    """One journey. Without `exit_on` it is open at the end of the history.

    `outcome_kinds` are in the order in which they are reached. `exit_known_on` is set when the exit is recorded late, `renewed_on` when
    another journey follows, `relapse` when a lifted barrier comes back, `recorded_behind` when an interview is recorded weeks late.
    """

    opened_on: date
    exit_on: date | None = None
    exit_reason: str = "OUTCOME"
    outcome_kinds: tuple[str, ...] = ()
    exit_known_on: date | None = None
    moved_on: date | None = None
    moved_to: str | None = None
    correction: Correction | None = None
    neutralised_on: date | None = None
    neutral_reason: str = "DEMENAGEMENT"
    renewed_on: date | None = None
    relapse: bool = False
    recorded_behind: bool = False


class Coached(Struct, frozen=True):
    journeys: tuple[JourneyPlan, ...]


class Redirected(Struct, frozen=True):
    sent_on: date


class OnlyMet(Struct, frozen=True):
    """Neither coached nor redirected. WITHDRAWN: a referral was sent and withdrawn. PENDING: the contact is not closed."""

    ending: ContactEnding


class PersonPlan(Struct, frozen=True, kw_only=True):
    """`first_on` is the day of the orientation if there is one, else of the meeting. `qpv` is a vintage and a name, None to draw one."""

    person: UUID
    town: str
    first_on: date
    met_on: date
    orientation: Orientation
    path: Coached | Redirected | OnlyMet
    erased_on: date | None = None
    qpv: tuple[int, str] | None = None


def draw_coached(rng: Random, person: UUID, town: str, first_on: date, outcome_class: OutcomeClass, exit_by: date) -> PersonPlan:
    """A person with one journey, which ends by `exit_by` with an outcome of that class, or is still open."""
    oriented = rng.random() < ORIENTED_SHARE
    met_on = workday_after(rng, first_on, 1, 9) if oriented else first_on
    opened_on = workday_after(rng, met_on, 2, 16)
    journey = JourneyPlan(opened_on=opened_on) if outcome_class == "OPEN" else draw_exited(rng, opened_on, outcome_class, exit_by)
    orientation: Orientation = "accepted" if oriented else "none"
    return PersonPlan(person=person, town=town, first_on=first_on, met_on=met_on, orientation=orientation, path=Coached((journey,)))


def draw_exited(rng: Random, opened_on: date, outcome_class: OutcomeClass, exit_by: date) -> JourneyPlan:
    """A journey with an exit. Its last outcome has the class; a dynamic outcome may come before."""
    max_days = max(MIN_JOURNEY_DAYS, min(MAX_JOURNEY_DAYS, (exit_by - opened_on).days - 2))  # a weekend adds up to 2 days
    exit_on = workday_after(rng, opened_on, MIN_JOURNEY_DAYS, max_days)
    if outcome_class == "OTHER":
        return JourneyPlan(opened_on=opened_on, exit_on=exit_on, exit_reason=weighted_choice(rng, EXIT_REASONS))
    best = weighted_choice(rng, OUTCOME_KINDS[outcome_class])
    earlier = (weighted_choice(rng, OUTCOME_KINDS["DYNAMIC"]),) if rng.random() < EARLIER_OUTCOME_SHARE else ()
    return JourneyPlan(opened_on=opened_on, exit_on=exit_on, outcome_kinds=(*earlier, best))


def draw_redirected(rng: Random, person: UUID, town: str, first_on: date) -> PersonPlan:
    """A person sent to a partner within two weeks."""
    orientation, met_on = draw_first_contact(rng, first_on)
    path = Redirected(workday_after(rng, met_on, 1, 14))
    return PersonPlan(person=person, town=town, first_on=first_on, met_on=met_on, orientation=orientation, path=path)


def draw_only_met(rng: Random, person: UUID, town: str, first_on: date) -> PersonPlan:
    """A person who is neither coached nor redirected."""
    orientation, met_on = draw_first_contact(rng, first_on)
    path = OnlyMet(weighted_choice(rng, CONTACT_ENDINGS))
    return PersonPlan(person=person, town=town, first_on=first_on, met_on=met_on, orientation=orientation, path=path)


def draw_first_contact(rng: Random, first_on: date) -> tuple[Orientation, date]:
    """Whether a person who is not coached was sent by a prescriber, whose orientation is then declined; and the day of the meeting."""
    return ("declined", workday_after(rng, first_on, 1, 9)) if rng.random() < DECLINED_SHARE else ("none", first_on)
