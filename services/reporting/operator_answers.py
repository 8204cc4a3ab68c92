"""What the reporting service tells operators of its projection. Part of its published language, like `answers`.

A fault is named by its exception alone: the text of an exception may quote what is recorded. Times are in ISO format, in UTC.
"""

from typing import Literal

from msgspec import Struct

from shared.message import Position

State = Literal["live", "catching_up", "stopped"]
STATES: tuple[State, ...] = ("live", "catching_up", "stopped")


class ProjectionStop(Struct, frozen=True):
    """The event at which a projection stopped, and the fault. `retry_requested`: an operator has asked for another attempt."""

    position: Position
    type: str
    fault: str
    stopped_at: str
    retry_requested: bool


class DefinitionsFilling(Struct, frozen=True):
    """A version of the definitions under which `done` of `total` persons are counted. Until all are, its figures take longer to read."""

    definitions: int
    done: int
    total: int


class ProjectionState(Struct, frozen=True):
    """How far a projection has come in the log, whose last position is `head`; `lag` is the difference.

    `as_of` is when the event at `position` was recorded: readings are of that moment. `position` and `lag` are null while the read models
    are those of another version. `filling` are the versions of the definitions that are published and not counted completely yet.
    """

    projection: str
    state: State
    position: Position | None
    head: Position
    lag: int | None
    as_of: str | None
    stop: ProjectionStop | None
    filling: list[DefinitionsFilling]
