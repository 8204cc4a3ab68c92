"""What can be said of stored events without a checkpoint: most need no closer look, and what is only written otherwise is no fault."""

from typing import Any

import pytest

from shared.message import PREFIX
from shared.proof.line_checks import LineChecks
from shared.store.stored import StoredEvent

TIME = "2024-04-02T09:30:00.120000+00:00"


def stored(position: int, version: int, recorded: str = TIME) -> StoredEvent:
    """The event at this position and version of its stream, whose line has the time `recorded`."""
    line = b'{"previous":%d,"position":%d,"streamversion":%d,"recordedtime":"%b","id":"e","type":"%ba.B","subject":"s","data":{}}' % (
        position - 1,
        position,
        version,
        recorded.encode(),
        PREFIX.encode(),
    )
    return StoredEvent(position, "s", version, f"{PREFIX}a.B", TIME, line)


def kinds(*events: StoredEvent) -> list[str]:
    return [finding.kind for finding in LineChecks().findings(events)]


@pytest.mark.parametrize("recorded", [TIME, "2024-04-02T09:30:00.12+00:00", "2024-04-02T11:30:00.12+02:00"])
def test_a_time_that_is_written_otherwise_is_no_fault_and_the_event_is_noted(recorded: str) -> None:
    assert kinds(stored(1, 1), stored(2, 2, recorded), stored(3, 3)) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("stream", "x"),
        ("version", 7),
        ("type", "x"),
        ("recorded", "2024-04-02T09:30:01.000000+00:00"),
        ("recorded", "yesterday"),
    ],
)
def test_a_column_that_differs_is_named_once(column: str, value: Any) -> None:
    assert kinds(stored(1, 1), stored(2, 2)._replace(**{column: value}), stored(3, 3)) == ["column"]


def test_what_cannot_be_read_does_not_follow_or_has_a_hole_is_named() -> None:
    assert kinds(stored(1, 1), stored(2, 2)._replace(line=b"{"), stored(3, 3)) == ["changed", "version"]
    assert kinds(stored(1, 1), stored(2, 2, "yesterday")._replace(recorded="yesterday")) == ["changed"]
    assert kinds(stored(1, 1), stored(3, 2)) == ["gap"]
    assert kinds(stored(1, 1), stored(2, 3), stored(3, 4)) == ["version"]
