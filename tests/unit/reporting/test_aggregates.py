"""Given / when / then over the aggregates of reporting, and the definitions that come with the code."""

from datetime import date
from functools import reduce
from typing import Any

import pytest

from services.reporting.aggregates import cell_release, definitions, targets
from services.reporting.aggregates.cell_release import CellReleased, ReleaseCell
from services.reporting.aggregates.definitions import DefinitionsPublished, PublishDefinitions
from services.reporting.aggregates.targets import SetTarget, TargetSet
from services.reporting.indicators.catalogue import INDICATORS
from shared.decider import Decider
from shared.errors import Invalid, Refused
from shared.validation import CommandParser
from tests.unit.reporting.history import V1

ON = date(2022, 6, 1)
CONTEXT = {"on": ON}


def publication(**other: Any) -> PublishDefinitions:
    command = CommandParser(PublishDefinitions).command(V1 | other, CONTEXT)
    assert isinstance(command, PublishDefinitions)
    return command


def refusal_code(decider: Decider[Any, Any, Any], history: list[Any], command: Any) -> str:
    with pytest.raises(Refused) as refusal:
        decider.decide(reduce(decider.evolve, history, decider.initial), command)
    return refusal.value.code


def test_version_1_is_valid_and_is_published() -> None:
    (event,) = definitions.decide(definitions.initial, publication())
    assert isinstance(event, DefinitionsPublished)
    assert (event.version, event.thresholds["small_cell"], event.thresholds["rate_floor"]) == (1, 5, 20)


def test_version_1_names_every_declared_indicator() -> None:
    assert sorted(V1["indicators"]) == sorted(INDICATORS)


def test_versions_are_published_in_order_and_only_once() -> None:
    (first,) = definitions.decide(definitions.initial, publication())
    assert refusal_code(definitions.decider, [first], publication()) == "definitions_out_of_order"
    assert refusal_code(definitions.decider, [first], publication(version=3)) == "definitions_out_of_order"


def test_definitions_without_their_thresholds_are_refused() -> None:
    assert refusal_code(definitions.decider, [], publication(thresholds={"small_cell": 5})) == "thresholds_missing"


def test_a_quality_that_cannot_be_read_is_refused() -> None:
    assert refusal_code(definitions.decider, [], publication(outcome_classes={"CDD>=six": "POSITIVE"})) == "quality_unreadable"


def test_an_unknown_outcome_class_is_invalid() -> None:
    with pytest.raises(Invalid):
        publication(outcome_classes={"CDI": "SPLENDID"})


def test_setting_the_same_target_twice_is_refused() -> None:
    command = SetTarget("positive_rate", 25, "2022-Q2", ON)
    (event,) = targets.decide(targets.initial, command)
    assert event == TargetSet("positive_rate", 25, "2022-Q2", None, ON)
    assert refusal_code(targets.decider, [event], command) == "target_already_set"


def test_a_cell_is_released_once() -> None:
    command = ReleaseCell("businesses_created", "2024-Q2", "all", "COTER du 3 juillet 2024", ON)
    (event,) = cell_release.decide(cell_release.initial, command)
    assert event == CellReleased("businesses_created", "2024-Q2", "all", "COTER du 3 juillet 2024", ON)
    assert refusal_code(cell_release.decider, [event], command) == "cell_already_released"
