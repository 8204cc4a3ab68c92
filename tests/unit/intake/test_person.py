"""A person met: identified once, told of their rights, assessed, then closed or coached; merged or erased for good."""

from datetime import date
from typing import Any

import pytest

from services.intake.entry import (
    AssessEligibility,
    ContactAttempted,
    EligibilityAssessed,
    GiveNotice,
    NoticeGiven,
    ProfileRecorded,
    RecordContactAttempt,
    RecordProfile,
)
from services.intake.person import (
    CloseContact,
    CoachingStarted,
    ContactClosed,
    DestroyPersonKey,
    IdentifyPerson,
    MergePersons,
    PersonIdentified,
    PersonKeyDestroyed,
    PersonsMerged,
    Qpv,
    StartCoaching,
    decider,
    with_vintage,
)
from shared.errors import Invalid
from shared.validation import CommandParser
from tests.unit.coaching.stage import Stage

DAY = date(2023, 3, 1)
PERSEIGNE = Qpv(2015, "Perseigne")

IDENTIFY = IdentifyPerson("p-1", "RUE", "Marché", "NON_INSCRIT", DAY, "alencon", PERSEIGNE)
ATTEMPT = RecordContactAttempt("p-1", "ABSENT", DAY)
NOTICE = GiveNotice("p-1", 1, "ORAL", DAY)
PROFILE = RecordProfile("p-1", "F", 1998, "NON_INSCRIT", "NIVEAU_4", False, "SEUL_ENFANTS", DAY)
ASSESS = AssessEligibility("p-1", ["RESIDENCE_QPV"], "ELIGIBLE", 1, "DECLARATION", DAY)
CLOSE = CloseContact("p-1", "REFUS", DAY)
START = StartCoaching("p-1", 1, DAY)
MERGE = MergePersons("p-0", "p-1", DAY)
DESTROY = DestroyPersonKey("p-1", "DEMANDE", DAY)
EVERYTHING = (IDENTIFY, ATTEMPT, NOTICE, PROFILE, ASSESS, CLOSE, START, MERGE, DESTROY)


def person(*given: Any) -> Stage:
    return Stage(decider, given)


def test_a_person_is_identified_where_and_how_they_were_met() -> None:
    assert person().when(IDENTIFY) == [PersonIdentified("p-1", "RUE", "Marché", "alencon", PERSEIGNE, "NON_INSCRIT", DAY)]


def test_a_person_is_identified_once() -> None:
    person(IDENTIFY).refuses(IDENTIFY, "person_already_identified")


@pytest.mark.parametrize(
    ("command", "event"),
    [
        (ATTEMPT, ContactAttempted("p-1", "ABSENT", DAY)),
        (NOTICE, NoticeGiven("p-1", 1, "ORAL", DAY)),
        (PROFILE, ProfileRecorded("p-1", "F", 1998, "NON_INSCRIT", "NIVEAU_4", False, "SEUL_ENFANTS", DAY)),
        (ASSESS, EligibilityAssessed("p-1", ["RESIDENCE_QPV"], "ELIGIBLE", 1, "DECLARATION", None, DAY)),
        (CLOSE, ContactClosed("p-1", "REFUS", DAY)),
        (MERGE, PersonsMerged("p-0", "p-1", DAY)),
    ],
)
def test_what_is_told_of_a_person_is_recorded_once_they_are_met(command: Any, event: Any) -> None:
    person().refuses(command, "person_unknown")
    assert person(IDENTIFY).when(command) == [event]


@pytest.mark.parametrize(("verdict", "why"), [("DEROGATION", None), ("ELIGIBLE", "Hors QPV"), ("NON_ELIGIBLE", "Hors QPV")])
def test_a_derogation_and_nothing_else_says_why(verdict: Any, why: str | None) -> None:
    person(IDENTIFY).refuses(AssessEligibility("p-1", [], verdict, 1, "DECLARATION", DAY, why), "derogation_and_verdict_disagree")


def test_a_derogation_keeps_its_reason() -> None:
    (event,) = person(IDENTIFY).when(AssessEligibility("p-1", [], "DEROGATION", 2, "COURRIER", DAY, "Hors QPV"))
    assert (event.verdict, event.derogation, event.rule_version) == ("DEROGATION", "Hors QPV", 2)


def test_a_contact_is_closed_once() -> None:
    person(IDENTIFY, CLOSE).refuses(CLOSE, "contact_already_closed")


def test_a_person_in_a_journey_leaves_by_its_exit() -> None:
    person(IDENTIFY, START).refuses(CLOSE, "person_is_coached")


def test_a_closed_contact_may_still_become_a_journey() -> None:
    assert person(IDENTIFY, CLOSE).when(START) == [CoachingStarted("p-1", 1, DAY)]


def test_each_rank_starts_once_and_in_order() -> None:
    coached = person(IDENTIFY, START)
    coached.refuses(START, "already_coached")
    assert coached.when(StartCoaching("p-1", 2, DAY)) == [CoachingStarted("p-1", 2, DAY)]
    coached.refuses(START, "already_coached")


def test_an_orientation_may_come_before_the_meeting() -> None:
    oriented = person(START)
    oriented.refuses(CLOSE, "person_unknown")
    oriented.when(IDENTIFY)
    oriented.refuses(CLOSE, "person_is_coached")


def test_a_record_is_not_merged_into_itself() -> None:
    person(IDENTIFY).refuses(MergePersons("p-1", "p-1", DAY), "merged_into_itself")


def test_a_merge_belongs_to_the_record_that_goes() -> None:
    assert decider.stream(MERGE) == "person-p-1"
    assert decider.stream(IDENTIFY) == "person-p-1"


@pytest.mark.parametrize("command", [command for command in EVERYTHING if command is not DESTROY])
def test_nothing_more_is_recorded_of_a_merged_record(command: Any) -> None:
    person(IDENTIFY, MERGE).refuses(command, "person_merged")


@pytest.mark.parametrize("command", EVERYTHING)
def test_nothing_more_is_recorded_of_an_erased_person(command: Any) -> None:
    person(IDENTIFY, DESTROY).refuses(command, "person_erased")


@pytest.mark.parametrize("given", [(), (IDENTIFY,), (IDENTIFY, START), (IDENTIFY, MERGE)])
def test_anybody_may_be_erased_once_merged_records_too(given: tuple[Any, ...]) -> None:
    erased = person(*given)
    assert erased.when(DESTROY) == [PersonKeyDestroyed("p-1", "DEMANDE", DAY)]
    erased.refuses(DESTROY, "person_erased")


OLD = {"type": "PersonIdentified", "person": "p-1", "channel": "RUE", "place": "Marché", "territory": "alencon", "radar": "SUIVI"}


@pytest.mark.parametrize(("name", "qpv"), [("Perseigne", {"vintage": 2015, "name": "Perseigne", "code": None}), (None, None), ("", None)])
def test_the_first_shape_named_a_neighbourhood_of_2015_alone(name: str | None, qpv: Any) -> None:
    old = {**OLD, "on": "2022-07-01", "qpv_name": name}
    before = dict(old)
    assert with_vintage(old) == {**OLD, "on": "2022-07-01", "qpv": qpv}
    assert old == before


def test_the_current_shape_is_the_second() -> None:
    assert decider.schema_of("PersonIdentified") == "urn:parcours:intake.PersonIdentified:2"
    assert decider.schema_of("NoticeGiven") == "urn:parcours:intake.NoticeGiven:1"
    assert decider.upcasts["PersonIdentified"] == (with_vintage,)


def test_the_door_says_every_fault_of_a_meeting_at_once() -> None:
    data = {"person": "", "channel": "FUSEE", "place": "x" * 121, "radar": None, "qpv": {"vintage": 2020, "name": "Perseigne"}}
    with pytest.raises(Invalid) as refusal:
        CommandParser(IdentifyPerson).command(data, {})
    assert set(refusal.value.faults) == {"person", "channel", "place", "radar", "qpv.vintage"}


def test_the_door_reads_a_meeting() -> None:
    data = {"person": "p-1", "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT", "qpv": {"vintage": 2015, "name": "Perseigne"}}
    assert CommandParser(IdentifyPerson).command(data, {"on": DAY, "territory": "alencon"}) == IDENTIFY
