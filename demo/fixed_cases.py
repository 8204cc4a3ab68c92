"""People of the study whose way is told on purpose: what a count must get right."""

from collections.abc import Iterator
from datetime import date
from typing import Literal
from uuid import UUID

from msgspec import Struct

from demo.plans import Class, Coached, Correction, Leg, Plan, Redirected
from demo.schedule import identifier

Case = Literal["late", "corrected", "renewed", "neutralised", "moved", "erased", "business_1", "business_2", "kept", "merged"]


class Planted(Struct, frozen=True):
    """`town` is where the exit counts, `class_` how it counts."""

    plan: Plan
    town: str
    class_: Class


def person(seed: int, case: Case) -> UUID:
    return identifier(seed, case)


def day(text: str) -> date:
    return date.fromisoformat(text)


def coached(seed: int, case: Case, town: str, first_on: str, *legs: Leg, erased_on: date | None = None) -> Plan:
    first, who = day(first_on), person(seed, case)
    return Plan(person=who, town=town, first_on=first, met_on=first, orientation="none", sequel=Coached(legs), erased_on=erased_on)


def leg(opened_on: str, exit_on: str, *qualities: str, reason: str = "OUTCOME") -> Leg:
    return Leg(opened_on=day(opened_on), exit_on=day(exit_on), qualities=qualities, reason=reason)


def planted(seed: int) -> Iterator[Planted]:
    yield late(seed)
    yield corrected(seed)
    yield renewed(seed)
    yield neutralised(seed)
    yield moved(seed)
    erased = leg("2022-07-01", "2023-01-31", "CDI")
    yield Planted(coached(seed, "erased", "argentan", "2022-06-20", erased, erased_on=day("2024-04-09")), "argentan", "POSITIVE")
    first = leg("2022-11-21", "2023-10-06", "CREATION")
    yield Planted(coached(seed, "business_1", "alencon", "2022-11-07", first), "alencon", "POSITIVE")
    second = leg("2023-02-20", "2024-03-22", "CDD_COURT", "CREATION")
    yield Planted(coached(seed, "business_2", "flers", "2023-02-06", second), "flers", "POSITIVE")


def late(seed: int) -> Planted:
    """The exit of December was recorded in February: on the page of the fourth quarter only from then on."""
    told = Leg(opened_on=day("2023-03-16"), exit_on=day("2023-12-12"), qualities=("CDD_COURT",), known_on=day("2024-02-06"))
    return Planted(coached(seed, "late", "alencon", "2023-03-06", told), "alencon", "DYNAMIC")


def corrected(seed: int) -> Planted:
    """A short contract was known at the exit; four months later a contract without end is proved, and another last day."""
    proof = Correction(on=day("2023-06-14"), found_on=day("2023-02-17"), exit_on=day("2023-02-28"), quality="CDI")
    told = Leg(opened_on=day("2022-09-08"), exit_on=day("2023-02-20"), qualities=("CDD_COURT",), correction=proof)
    return Planted(coached(seed, "corrected", "flers", "2022-08-29", told), "flers", "POSITIVE")


def renewed(seed: int) -> Planted:
    """Two journeys of one person, who counts once, with the better exit."""
    first = Leg(
        opened_on=day("2022-07-21"), exit_on=day("2023-02-24"), qualities=("FORMATION_PRE_QUALIFIANTE",), renewed_on=day("2023-06-19")
    )
    return Planted(
        coached(seed, "renewed", "argentan", "2022-07-11", first, leg("2023-06-19", "2024-02-16", "CDD_LONG")), "argentan", "POSITIVE"
    )


def neutralised(seed: int) -> Planted:
    """The second journey is neutralised; the first still counts, so the person stays among those coached."""
    first = Leg(opened_on=day("2022-10-13"), exit_on=day("2023-04-14"), reason="PERDU_DE_VUE", renewed_on=day("2023-09-25"))
    second = Leg(opened_on=day("2023-09-25"), exit_on=day("2024-03-08"), reason="DEMANDE", neutralised_on=day("2024-03-15"))
    return Planted(coached(seed, "neutralised", "alencon", "2022-10-03", first, second), "alencon", "OTHER")


def moved(seed: int) -> Planted:
    """Coached in L'Aigle, gone to Alençon on the way: the opening counts in one town, the exit in the other."""
    told = Leg(
        opened_on=day("2023-01-26"),
        exit_on=day("2023-12-04"),
        qualities=("SIAE",),
        moved_on=day("2023-06-19"),
        moved_to="alencon",
    )
    return Planted(coached(seed, "moved", "laigle", "2023-01-16", told), "alencon", "DYNAMIC")


MERGED_ON = day("2024-03-12")


def kept(seed: int) -> Plan:
    """Redirected in 2023, living in Perseigne as the map of 2015 has it."""
    first = day("2023-02-07")
    sequel = Redirected(day("2023-02-13"))
    return Plan(
        person=person(seed, "kept"),
        town="alencon",
        first_on=first,
        met_on=first,
        orientation="none",
        sequel=sequel,
        qpv=(2015, "Perseigne"),
    )
