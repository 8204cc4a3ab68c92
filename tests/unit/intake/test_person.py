"""A person met: identified once, informed, assessed, then closed or coached; merged or erased for good."""

from typing import Any

import pytest
from msgspec.structs import replace

from services.intake.coded_values import Verdict
from services.intake.person import IdentifyPerson, StartCoaching, decider, with_vintage
from services.vocabulary.french import VALIDATION
from shared.command_fields import FilledIn
from shared.decider import unchanged
from shared.errors import Invalid
from shared.validation import CommandParser
from tests.harness.persons import MET
from tests.harness.specification import given
from tests.unit.intake.people import (
    ASSESS,
    ASSESSED,
    ATTEMPT,
    ATTEMPTED,
    CLOSE,
    CLOSED,
    DAY,
    DESTROY,
    DESTROYED,
    EVERY_COMMAND,
    IDENTIFIED,
    IDENTIFY,
    MERGE,
    MERGED,
    NOTICE,
    NOTICE_GIVEN,
    PROFILE,
    PROFILE_RECORDED,
    START,
    STARTED,
    WHO,
    WHO_RECORDED,
)


def test_a_person_is_identified_where_and_how_they_were_met() -> None:
    given(decider).when(IDENTIFY).then(IDENTIFIED)


def test_a_person_is_identified_once() -> None:
    given(decider, IDENTIFIED).when(IDENTIFY).then_refused("person_already_identified")


@pytest.mark.parametrize(
    ("command", "event"),
    [
        (ATTEMPT, ATTEMPTED),
        (NOTICE, NOTICE_GIVEN),
        (WHO, WHO_RECORDED),
        (PROFILE, PROFILE_RECORDED),
        (ASSESS, ASSESSED),
        (CLOSE, CLOSED),
        (MERGE, MERGED),
    ],
)
def test_a_person_must_be_identified_first(command: Any, event: Any) -> None:
    given(decider).when(command).then_refused("person_unknown")
    given(decider, IDENTIFIED, NOTICE_GIVEN).when(command).then(event)


@pytest.mark.parametrize("command", [PROFILE, WHO])
def test_nothing_personal_is_recorded_before_the_person_is_informed(command: Any) -> None:
    given(decider, IDENTIFIED).when(command).then_refused("notice_not_given")


@pytest.mark.parametrize(
    ("verdict", "reason"), [(Verdict.DEROGATION, None), (Verdict.ELIGIBLE, "Hors QPV"), (Verdict.NON_ELIGIBLE, "Hors QPV")]
)
def test_a_derogation_has_a_reason_and_no_other_verdict_has_one(verdict: Verdict, reason: str | None) -> None:
    command = replace(ASSESS, verdict=verdict, derogation=reason)
    given(decider, IDENTIFIED).when(command).then_refused("derogation_and_verdict_disagree")


def test_a_derogation_is_recorded_with_its_reason_and_the_version_of_the_rule() -> None:
    command = replace(ASSESS, criteria=[], verdict=Verdict.DEROGATION, rule_version=2, evidence_kind="COURRIER", derogation="Hors QPV")
    event = replace(ASSESSED, criteria=[], verdict=Verdict.DEROGATION, rule_version=2, evidence_kind="COURRIER", derogation="Hors QPV")
    given(decider, IDENTIFIED).when(command).then(event)


def test_a_contact_is_closed_once() -> None:
    given(decider, IDENTIFIED, CLOSED).when(CLOSE).then_refused("contact_already_closed")


def test_the_contact_of_a_coached_person_ends_with_the_exit_only() -> None:
    given(decider, IDENTIFIED, STARTED).when(CLOSE).then_refused("person_is_coached")


def test_a_closed_contact_may_still_become_a_journey() -> None:
    given(decider, IDENTIFIED, CLOSED).when(START).then(STARTED)


def test_each_rank_starts_once_and_in_order() -> None:
    coached = given(decider, IDENTIFIED, STARTED)
    coached.when(START).then_refused("already_coached")
    second = coached.when(StartCoaching(person="p-1", rank=2, on=DAY)).then(replace(STARTED, rank=2))
    second.when(START).then_refused("already_coached")


def test_coaching_may_start_before_the_person_is_identified() -> None:
    """A prescriber sends a person whom no coach has met yet."""
    given(decider, STARTED).when(CLOSE).then_refused("person_unknown")
    given(decider, STARTED).when(IDENTIFY).then(IDENTIFIED).when(CLOSE).then_refused("person_is_coached")


def test_a_record_is_not_merged_into_itself() -> None:
    given(decider, IDENTIFIED).when(replace(MERGE, kept="p-1")).then_refused("merged_into_itself")


def test_a_merge_is_recorded_in_the_stream_of_the_record_that_is_given_up() -> None:
    assert decider.stream(MERGE) == "person-p-1"
    assert decider.stream(IDENTIFY) == "person-p-1"


@pytest.mark.parametrize("command", [command for command in EVERY_COMMAND if command is not DESTROY])
def test_a_merged_record_takes_no_other_command(command: Any) -> None:
    given(decider, IDENTIFIED, MERGED).when(command).then_refused("person_merged")


@pytest.mark.parametrize("command", EVERY_COMMAND)
def test_an_erased_person_takes_no_command(command: Any) -> None:
    given(decider, IDENTIFIED, DESTROYED).when(command).then_refused("person_erased")


@pytest.mark.parametrize("history", [(), (IDENTIFIED,), (IDENTIFIED, STARTED), (IDENTIFIED, MERGED)])
def test_every_person_may_be_erased_once_also_a_merged_record(history: tuple[Any, ...]) -> None:
    given(decider, *history).when(DESTROY).then(DESTROYED).when(DESTROY).then_refused("person_erased")


VERSION_1 = {
    "type": "PersonIdentified",
    "person": "p-1",
    "channel": "RUE",
    "place": "Marché",
    "territory": "alencon",
    "radar": "SUIVI",
    "on": "2022-07-01",
}


@pytest.mark.parametrize(("name", "qpv"), [("Perseigne", {"vintage": 2015, "name": "Perseigne", "code": None}), (None, None), ("", None)])
def test_the_neighbourhood_of_version_1_is_one_of_2015(name: str | None, qpv: Any) -> None:
    old = {**VERSION_1, "qpv_name": name}
    before = dict(old)
    assert with_vintage(old) == {**VERSION_1, "qpv": qpv}
    assert old == before, "an upcast leaves its input as it is"


def test_an_identification_is_at_its_third_version_since_its_place_is_encrypted() -> None:
    assert decider.event_version("PersonIdentified") == 3
    assert decider.event_version("NoticeGiven") == 1
    assert decider.upcasts["PersonIdentified"] == (with_vintage, unchanged)


PARSER = CommandParser(IdentifyPerson, VALIDATION)


def test_validation_lists_every_fault_of_an_identification_at_once() -> None:
    data = {"person": "", "channel": "FUSEE", "place": "x" * 121, "radar": None, "qpv": {"vintage": 2020, "name": "Perseigne"}}
    with pytest.raises(Invalid) as invalid:
        PARSER.validate(data)
    assert invalid.value.faults.keys() == {"person", "channel", "place", "radar", "qpv.vintage"}


def test_an_identification_is_built_from_its_data_and_the_envelope() -> None:
    data = {"person": "p-1", "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT", "qpv": {"vintage": 2015, "name": "Perseigne"}}
    assert PARSER.build(PARSER.validate(data), {FilledIn.FACT_DATE: DAY, FilledIn.TERRITORY: "alencon"}) == IDENTIFY


@pytest.mark.parametrize(
    ("kept", "merged", "code"),
    [
        *((kept, "none", None) for kept in ("none", "open", "exited")),
        *((kept, "open", "merged_journey_open") for kept in ("none", "open", "exited")),
        ("none", "exited", "merged_journey_exited"),
        ("open", "exited", None),
        ("exited", "exited", None),
    ],
)
def test_the_record_that_is_kept_is_the_one_whose_journeys_go_on(kept: str, merged: str, code: str | None) -> None:
    """Otherwise the next journey would open without the renewal that it needs, beside follow-ups that it should cancel."""
    merge = replace(MERGE, kept_standing=replace(MET, journey=kept), merged_standing=replace(MET, journey=merged))
    decided = given(decider, IDENTIFIED).when(merge)
    decided.then_refused(code) if code else decided.then(MERGED)
