"""The aggregates of reporting: definitions, targets and releases of masked cells."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from services.bootstrap.registry import SERVICES, rules_of_services
from services.bootstrap.settings import TERRITORIES
from services.reporting.aggregates import cell_release, definitions, targets
from services.reporting.aggregates.cell_release import CellReleased, ReleaseCell
from services.reporting.aggregates.declared import THRESHOLDS, WITH_DURATION
from services.reporting.aggregates.definitions import DefinitionsPublished, PublishDefinitions
from services.reporting.aggregates.targets import SetTarget, TargetSet
from services.reporting.coded_values import OutcomeQuality
from services.reporting.indicators.catalogue import INDICATORS
from services.vocabulary.field_rules import field_rules
from services.vocabulary.french import VALIDATION
from services.vocabulary.programme import Programme
from shared.command_fields import FilledIn
from shared.errors import Invalid
from shared.field_rules import Circumstances, FieldFault
from shared.validation import CommandParser
from tests.harness.specification import given
from tests.unit.reporting.history import V1

DAY = date(2022, 6, 1)
PARSER = CommandParser(PublishDefinitions, VALIDATION)
RULES = {**field_rules(msgspec.json.decode(TERRITORIES.read_bytes(), type=Programme)), **rules_of_services()}


def publish(*, recorded_on: date = DAY, **changed: Any) -> PublishDefinitions:
    """The publication of version 1 as it comes with the code, with some of its data changed."""
    filled_in = {FilledIn.FACT_DATE: DAY, FilledIn.RECORDING_DATE: recorded_on}
    command = PARSER.build(PARSER.validate(V1 | changed), filled_in)
    assert isinstance(command, PublishDefinitions)
    return command


def published(version: int, from_quarter: str | None = None) -> DefinitionsPublished:
    data = {name: V1[name] for name in ("outcome_classes", "counted_stages", "thresholds", "indicators")}
    return DefinitionsPublished(version=version, **data, on=DAY, from_quarter=from_quarter)


def test_version_1_is_valid_and_is_published() -> None:
    given(definitions.decider).when(publish()).then(published(1))
    assert (V1["thresholds"]["small_cell"], V1["thresholds"]["rate_floor"]) == (5, 20)


def test_version_1_names_every_declared_indicator() -> None:
    assert sorted(V1["indicators"]) == sorted(INDICATORS)


@pytest.mark.parametrize("version", [1, 3])
def test_versions_are_published_in_order_and_only_once(version: int) -> None:
    history = given(definitions.decider, published(1))
    history.when(publish(version=version, from_quarter="2022-Q2")).then_refused("definitions_out_of_order")
    history.when(publish(version=2, from_quarter="2022-Q2")).then(published(2, "2022-Q2"))


def test_a_version_is_in_force_from_a_quarter_that_is_not_over() -> None:
    given(definitions.decider).when(publish(from_quarter="2022-Q2")).then_refused("definitions_from_a_quarter")
    first = given(definitions.decider, published(1))
    first.when(publish(version=2)).then_refused("definitions_from_a_quarter")
    first.when(publish(version=2, from_quarter="2022-Q1")).then_refused("definitions_for_the_past")
    first.when(publish(version=2, from_quarter="2022-Q3", recorded_on=date(2022, 10, 1))).then_refused("definitions_for_the_past")
    second = first.when(publish(version=2, from_quarter="2023-Q1")).then(published(2, "2023-Q1"))
    second.when(publish(version=3, from_quarter="2022-Q4")).then_refused("definitions_before_the_last")
    second.when(publish(version=3, from_quarter="2023-Q1")).then(published(3, "2023-Q1"))


def test_definitions_of_an_earlier_release_are_read_without_a_quarter() -> None:
    old = msgspec.json.encode({"type": "DefinitionsPublished", **V1, "on": "2022-06-01"})
    assert msgspec.json.decode(old, type=DefinitionsPublished) == published(1)


def classes(**changed: str | None) -> dict[str, Any]:
    """The classes of version 1 with some changed, and those that are None left out."""
    changed_names = {name.replace("_GE_", ">="): value for name, value in changed.items()}
    return {"outcome_classes": {name: value for name, value in (V1["outcome_classes"] | changed_names).items() if value}}


@pytest.mark.parametrize(
    ("changed", "faults"),
    [
        (classes(CDl="POSITIVE"), {"outcome_classes.CDl"}),
        ({"outcome_classes": V1["outcome_classes"] | {"CDD>=six": "POSITIVE"}}, {"outcome_classes.CDD>=six"}),
        ({"outcome_classes": V1["outcome_classes"] | {"CDD>=06": "POSITIVE"}}, {"outcome_classes.CDD>=06"}),
        ({"outcome_classes": V1["outcome_classes"] | {"CDD>=\u0666": "POSITIVE"}}, {"outcome_classes.CDD>=\u0666"}),
        (classes(SCOLARITE_GE_6="POSITIVE"), {"outcome_classes.SCOLARITE>=6"}),
        (classes(CDD_GE_6="OTHER"), {"outcome_classes.CDD>=6"}),
        (classes(CDI=None), {"outcome_classes"}),
        (classes(CDI="SPLENDID"), {"outcome_classes.CDI.value"}),
        ({"counted_stages": {}}, {"counted_stages"}),
        ({"counted_stages": {"redirection": "SENT", "rediraction": "SENT"}}, {"counted_stages.rediraction"}),
        ({"counted_stages": {"redirection": "SEEN"}}, {"counted_stages.redirection.value"}),
        ({"thresholds": V1["thresholds"] | {"small_cell": 1}}, {"thresholds.small_cell"}),
        ({"thresholds": V1["thresholds"] | {"small_cell": 4, "rate_floor": 19}}, {"thresholds.small_cell", "thresholds.rate_floor"}),
        ({"thresholds": V1["thresholds"] | {"public": 10}}, {"thresholds.public"}),
        ({"thresholds": V1["thresholds"] | {"smal_cell": 5}}, {"thresholds.smal_cell"}),
        ({"thresholds": {"small_cell": 5}}, {"thresholds"}),
        ({"indicators": ["people_met", "people_mat"]}, {"indicators.1"}),
        ({"indicators": ["people_met", "people_met"]}, {"indicators.1"}),
        ({"indicators": []}, {"indicators"}),
        ({"from_quarter": "1999-Q1"}, {"from_quarter"}),
        (
            {"indicators": ["x"], "thresholds": {"small_cell": 1}, "counted_stages": {"y": "SENT"}, **classes(CDl="POSITIVE")},
            {
                *("indicators.0", "thresholds", "thresholds.small_cell", "counted_stages", "counted_stages.y"),
                "outcome_classes.CDl",
            },
        ),
    ],
)
def test_every_fault_of_definitions_is_under_its_field(changed: dict[str, Any], faults: set[str]) -> None:
    assert faults_of(PARSER, V1 | changed) == faults


def test_no_threshold_is_below_its_floor() -> None:
    for name, least in (("small_cell", 5), ("rate_floor", 20), ("public", 11)):
        assert THRESHOLDS[name].least == least
        for value in range(1, least):
            assert faults_of(PARSER, V1 | {"thresholds": V1["thresholds"] | {name: value}}) == {f"thresholds.{name}"}
        PARSER.validate(V1 | {"thresholds": V1["thresholds"] | {name: least}}, check)


def test_the_qualities_are_those_of_the_facts() -> None:
    """What definitions may name is what the outcomes of coaching are called by the fold."""
    coaching = SERVICES["coaching"].coded_values
    contracts, trainings = (next(codes for codes in coaching if codes.__name__ == name) for name in ("Contract", "TrainingKind"))
    named = {*contracts, *(f"FORMATION_{kind}" for kind in trainings)}
    named |= {"SCOLARITE", "SERVICE_CIVIQUE", "DISPOSITIF_INTENSIF", "CREATION"}
    assert {quality.value for quality in OutcomeQuality} == named
    assert {code.value for code in contracts} == WITH_DURATION


@pytest.mark.parametrize(
    ("command", "data", "faults"),
    [
        (SetTarget, {"indicator": "positive_rat", "value": 25, "from_quarter": "2022-Q2"}, {"indicator"}),
        (SetTarget, {"indicator": "people_met", "value": 25, "from_quarter": "2022-Q2"}, {"indicator"}),
        (SetTarget, {"indicator": "positive_rate", "value": 25, "from_quarter": "2022-Q2", "for_territory": "Alençon"}, {"for_territory"}),
        (SetTarget, {"indicator": "positive_target", "value": 25, "from_quarter": "2022-Q2", "for_territory": "alencon"}, set()),
        (
            ReleaseCell,
            {"indicator": "x", "quarter": "2024-Q9", "of_territory": "paris", "authority": "COTER"},
            {"indicator", "quarter", "of_territory"},
        ),
        (ReleaseCell, {"indicator": "people_met", "quarter": "2022-Q2", "of_territory": "all", "authority": "COTER"}, set()),
    ],
)
def test_targets_and_releases_name_what_is_declared(command: type[Any], data: dict[str, Any], faults: set[str]) -> None:
    assert faults_of(CommandParser(command, VALIDATION), data) == faults


def faults_of(parser: CommandParser, data: dict[str, Any]) -> set[str]:
    try:
        parser.validate(data, check)
    except Invalid as invalid:
        return set(invalid.faults)
    return set()


def check(rule: str, value: Any) -> Iterable[FieldFault]:
    return RULES[rule](value, Circumstances(DAY, DAY, "all"))


def test_setting_the_same_target_twice_is_refused() -> None:
    command = SetTarget(indicator="positive_rate", value=25, from_quarter="2022-Q2", on=DAY, recorded_on=DAY)
    event = TargetSet(indicator="positive_rate", value=25, from_quarter="2022-Q2", for_territory=None, on=DAY)
    set_once = given(targets.decider).when(command).then(event)
    set_once.when(command).then_refused("target_already_set")
    set_once.when(replace(command, indicator="positive_target")).then_refused("target_already_set")
    set_once.when(replace(command, value=30, recorded_on=date(2022, 7, 1))).then_refused("target_for_the_past")
    set_once.when(replace(command, value=30)).then(replace(event, value=30))


def test_a_cell_is_released_once() -> None:
    cell = {"indicator": "businesses_created", "quarter": "2024-Q2", "of_territory": "all"}
    command = ReleaseCell(**cell, authority="COTER du 3 juillet 2024", on=DAY)
    event = CellReleased(**cell, authority="COTER du 3 juillet 2024", on=DAY)
    given(cell_release.decider).when(command).then(event).when(command).then_refused("cell_already_released")
