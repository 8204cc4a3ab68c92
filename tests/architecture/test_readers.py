"""What one service reads in another's events exists: the aggregate that writes them has those fields."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import pytest

from services.bootstrap.registry import SERVICES
from services.reporting.facts.fold import READERS

EVENTS = {kind: event for service in SERVICES.values() for kind, event in service.events.items()}


class Reading(NamedTuple):
    reader: str
    kind: str
    shape: type[Any]


READINGS = [
    *(Reading(f"{name}: {policy.id}", policy.event, policy.reads) for name, service in SERVICES.items() for policy in service.policies),
    *(Reading("reporting", kind, reader.decode.__self__.type) for kind, reader in READERS.items()),  # type: ignore[attr-defined]
]


def written(kind: str) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(EVENTS[kind])}


def declared_by(shape: type[Any], field: str) -> type[Any]:
    return next(one for one in reversed(shape.__mro__) if field in getattr(one, "__annotations__", {}))


def unwritten(reading: Reading, readings: Sequence[Reading]) -> list[str]:
    """Fields that no aggregate writes.

    What is required must be in this event. What has a default must be in some event read with the same struct: otherwise the
    default would hide a mistyped name.
    """
    absent = [field for field in msgspec.structs.fields(reading.shape) if field.encode_name not in written(reading.kind)]
    return [field.name for field in absent if field.required or not elsewhere(reading.shape, field.name, readings)]


def elsewhere(shape: type[Any], field: str, readings: Sequence[Reading]) -> bool:
    owner = declared_by(shape, field)
    return any(field in written(other.kind) for other in readings if issubclass(other.shape, owner))


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: f"{reading.reader}-{reading.kind}")
def test_every_field_that_is_read_is_written(reading: Reading) -> None:
    assert reading.kind in EVENTS, f"no aggregate writes {reading.kind}"
    assert unwritten(reading, READINGS) == []


class Mistyped(msgspec.Struct):
    person: str
    persn: str | None = None


class Demanding(msgspec.Struct):
    colour: str


@pytest.mark.parametrize(("shape", "field"), [(Mistyped, "persn"), (Demanding, "colour")])
def test_a_field_that_nobody_writes_is_noticed(shape: type[Any], field: str) -> None:
    reading = Reading("a test", "coaching.JourneyExited", shape)
    assert unwritten(reading, [reading]) == [field]


def test_no_two_events_have_one_name() -> None:
    events = [event for service in SERVICES.values() for aggregate in service.aggregates for event in aggregate.event_types]
    assert len(EVENTS) == len(events)
