"""The aggregates of reporting: definitions, targets and releases of masked cells."""

from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from services.reporting.aggregates import cell_release, definitions, targets
from services.reporting.aggregates.cell_release import CellReleased, ReleaseCell
from services.reporting.aggregates.definitions import DefinitionsPublished, PublishDefinitions
from services.reporting.aggregates.targets import SetTarget, TargetSet
from services.reporting.indicators.catalogue import INDICATORS
from services.vocabulary.french import VALIDATION
from shared.command_fields import FilledIn
from shared.errors import Invalid
from shared.validation import CommandParser
from tests.harness.specification import given
from tests.unit.reporting.history import V1

DAY = date(2022, 6, 1)
PARSER = CommandParser(PublishDefinitions, VALIDATION)


def publish(**changed: Any) -> PublishDefinitions:
    """The publication of version 1 as it comes with the code, with some of its data changed."""
    command = PARSER.build(PARSER.validate(V1 | changed), {FilledIn.FACT_DATE: DAY})
    assert isinstance(command, PublishDefinitions)
    return command


def published(version: int) -> DefinitionsPublished:
    data = {name: V1[name] for name in ("outcome_classes", "counted_stages", "thresholds", "indicators")}
    return DefinitionsPublished(version=version, **data, on=DAY)


def test_version_1_is_valid_and_is_published() -> None:
    given(definitions.decider).when(publish()).then(published(1))
    assert (V1["thresholds"]["small_cell"], V1["thresholds"]["rate_floor"]) == (5, 20)


def test_version_1_names_every_declared_indicator() -> None:
    assert sorted(V1["indicators"]) == sorted(INDICATORS)


@pytest.mark.parametrize("version", [1, 3])
def test_versions_are_published_in_order_and_only_once(version: int) -> None:
    given(definitions.decider, published(1)).when(publish(version=version)).then_refused("definitions_out_of_order")
    given(definitions.decider, published(1)).when(publish(version=2)).then(published(2))


def test_definitions_without_their_thresholds_are_refused() -> None:
    given(definitions.decider).when(publish(thresholds={"small_cell": 5})).then_refused("thresholds_missing")


def test_an_unreadable_quality_of_an_outcome_is_refused() -> None:
    given(definitions.decider).when(publish(outcome_classes={"CDD>=six": "POSITIVE"})).then_refused("quality_unreadable")


def test_an_unknown_outcome_class_is_invalid() -> None:
    with pytest.raises(Invalid):
        publish(outcome_classes={"CDI": "SPLENDID"})


def test_setting_the_same_target_twice_is_refused() -> None:
    command = SetTarget(indicator="positive_rate", value=25, from_quarter="2022-Q2", on=DAY)
    event = TargetSet(indicator="positive_rate", value=25, from_quarter="2022-Q2", for_territory=None, on=DAY)
    set_once = given(targets.decider).when(command).then(event)
    set_once.when(command).then_refused("target_already_set")
    set_once.when(replace(command, value=30)).then(replace(event, value=30))


def test_a_cell_is_released_once() -> None:
    cell = {"indicator": "businesses_created", "quarter": "2024-Q2", "of_territory": "all"}
    command = ReleaseCell(**cell, authority="COTER du 3 juillet 2024", on=DAY)
    event = CellReleased(**cell, authority="COTER du 3 juillet 2024", on=DAY)
    given(cell_release.decider).when(command).then(event).when(command).then_refused("cell_already_released")
