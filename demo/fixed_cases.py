"""The people of the study whose history is written by hand, because a count must get each of them right.

    late          an exit recorded in the quarter after it
    corrected     an exit corrected after its quarter: another class, another day
    renewed       two journeys of one person, who counts once
    neutralised   a second journey that is neutralised: the first one still counts
    moved         opened in one town, exited in another: the person counts where the journey opened
    erased        a person whose key was destroyed, who still counts
    business_1/2  a business created in each of two towns: a small cell in both, released for the whole programme
    kept, merged  two records of one person, met before and after the list of neighbourhoods changed

`golden/study.json` lists the same cases. The tests of the study check each of them in the events.
"""

from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Literal
from uuid import UUID

from msgspec import Struct

from demo.actors import COORDINATOR, Town
from demo.command_lines import CommandSequence, TimedLine, stable_id
from demo.intake import first_contact
from demo.plans import Coached, Correction, JourneyPlan, OnlyMet, OutcomeClass, PersonPlan, Redirected
from demo.schedule import Source

CaseName = Literal["late", "corrected", "renewed", "neutralised", "moved", "erased", "business_1", "business_2", "kept", "merged"]


class FixedCase(Struct, frozen=True):
    """A person coached, and the class of the best exit. The person counts in the town of the plan, where the first journey opens."""

    plan: PersonPlan
    outcome_class: OutcomeClass


def fixed_cases(seed: int) -> Iterator[FixedCase]:
    """The cases of people coached. The two merged records are `kept_record` and `merged_record`."""
    yield late(seed)
    yield corrected(seed)
    yield renewed(seed)
    yield neutralised(seed)
    yield moved(seed)
    yield erased(seed)
    yield from businesses(seed)


def case_person(seed: int, case: CaseName) -> UUID:
    """The id of the person of a case in the study of this seed."""
    return stable_id(seed, case)


def day(text: str) -> date:
    return date.fromisoformat(text)


def coached(seed: int, case: CaseName, town: str, first_on: str, *journeys: JourneyPlan, erased_on: date | None = None) -> PersonPlan:
    first, person = day(first_on), case_person(seed, case)
    return PersonPlan(
        person=person, town=town, first_on=first, met_on=first, orientation="none", path=Coached(journeys), erased_on=erased_on
    )


def journey(opened_on: str, exit_on: str, *outcome_kinds: str) -> JourneyPlan:
    return JourneyPlan(opened_on=day(opened_on), exit_on=day(exit_on), outcome_kinds=outcome_kinds)


def late(seed: int) -> FixedCase:
    """An exit of December, recorded in February: the fourth quarter has it only in the reports made from then on."""
    plan = JourneyPlan(
        opened_on=day("2023-03-16"), exit_on=day("2023-12-12"), outcome_kinds=("CDD_COURT",), exit_known_on=day("2024-02-06")
    )
    return FixedCase(coached(seed, "late", "alencon", "2023-03-06", plan), "DYNAMIC")


def corrected(seed: int) -> FixedCase:
    """A short contract at the exit. Four months later a permanent contract is proved, and a later day of exit."""
    correction = Correction(corrected_on=day("2023-06-14"), outcome_on=day("2023-02-17"), exit_on=day("2023-02-28"), outcome_kind="CDI")
    plan = JourneyPlan(opened_on=day("2022-09-08"), exit_on=day("2023-02-20"), outcome_kinds=("CDD_COURT",), correction=correction)
    return FixedCase(coached(seed, "corrected", "flers", "2022-08-29", plan), "POSITIVE")


def renewed(seed: int) -> FixedCase:
    """Two journeys of one person, who counts once, with the better exit."""
    first = JourneyPlan(
        opened_on=day("2022-07-21"),
        exit_on=day("2023-02-24"),
        outcome_kinds=("FORMATION_PRE_QUALIFIANTE",),
        renewed_on=day("2023-06-19"),
    )
    second = journey("2023-06-19", "2024-02-16", "CDD_LONG")
    return FixedCase(coached(seed, "renewed", "argentan", "2022-07-11", first, second), "POSITIVE")


def neutralised(seed: int) -> FixedCase:
    """The second journey is neutralised. The first one still counts, so the person stays among those coached."""
    first = JourneyPlan(opened_on=day("2022-10-13"), exit_on=day("2023-04-14"), exit_reason="PERDU_DE_VUE", renewed_on=day("2023-09-25"))
    second = JourneyPlan(opened_on=day("2023-09-25"), exit_on=day("2024-03-08"), exit_reason="DEMANDE", neutralised_on=day("2024-03-15"))
    return FixedCase(coached(seed, "neutralised", "alencon", "2022-10-03", first, second), "OTHER")


def moved(seed: int) -> FixedCase:
    """Coached in L'Aigle, then in Alençon: the exit is counted in Alençon among exits, the person in L'Aigle among people coached."""
    plan = JourneyPlan(
        opened_on=day("2023-01-26"),
        exit_on=day("2023-12-04"),
        outcome_kinds=("SIAE",),
        moved_on=day("2023-06-19"),
        moved_to="alencon",
    )
    return FixedCase(coached(seed, "moved", "laigle", "2023-01-16", plan), "DYNAMIC")


def erased(seed: int) -> FixedCase:
    """The person's key is destroyed a year after the exit; no count changes."""
    plan = journey("2022-07-01", "2023-01-31", "CDI")
    return FixedCase(coached(seed, "erased", "argentan", "2022-06-20", plan, erased_on=day("2024-04-09")), "POSITIVE")


def businesses(seed: int) -> Iterator[FixedCase]:
    """The two businesses of the study, one in each of two towns."""
    first = journey("2022-11-21", "2023-10-06", "CREATION")
    yield FixedCase(coached(seed, "business_1", "alencon", "2022-11-07", first), "POSITIVE")
    second = journey("2023-02-20", "2024-03-22", "CDD_COURT", "CREATION")
    yield FixedCase(coached(seed, "business_2", "flers", "2023-02-06", second), "POSITIVE")


# Two records of one person -------------------------------------------------------------------------------------------

MERGE_TOWN = "alencon"
MERGED_ON = day("2024-03-12")


def kept_record(seed: int) -> PersonPlan:
    """The record that is kept: redirected in 2023, in Perseigne on the list of 2015."""
    return record(seed, "kept", "2023-02-07", Redirected(day("2023-02-13")), (2015, "Perseigne"))


def merged_record(rng: Random, town: Town, seed: int) -> Source:
    """The record merged into it: met in 2024, in Perseigne on the list of 2024."""
    plan = record(seed, "merged", "2024-01-23", OnlyMet("PENDING"), (2024, "Perseigne"))
    commands, coach = CommandSequence(rng, plan.person, town.id), town.coaches[-1]

    def lines() -> Iterator[TimedLine]:
        yield from first_contact(commands, town, plan, coach)
        merge = {"kept": str(case_person(seed, "kept")), "merged": str(plan.person)}
        yield commands.emit("MergePersons", MERGED_ON, COORDINATOR, **merge)

    return Source(plan.first_on, lines())


def record(seed: int, case: CaseName, met_on: str, path: Redirected | OnlyMet, qpv: tuple[int, str]) -> PersonPlan:
    first, person = day(met_on), case_person(seed, case)
    return PersonPlan(person=person, town=MERGE_TOWN, first_on=first, met_on=first, orientation="none", path=path, qpv=qpv)
