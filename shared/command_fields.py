"""Command fields that the command handler fills in from the envelope, never from the sender's data.

A command declares such a field with one of these types. The field is then no part of the validation schema (sending it is a fault: the
field does not exist), and the handler sets it: a caller never chooses who it is or when it speaks.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, inspect


class FilledIn(StrEnum):
    """What the handler knows of a command beside its data."""

    FACT_DATE = "fact_date"
    RECORDING_DATE = "recording_date"
    ACTOR = "actor"
    ORGANISATION = "organisation"
    TERRITORY = "territory"
    STANDING = "standing"
    ROLE = "role"
    TERRITORIES = "territories"
    SCOPE = "scope"
    EVENT_KIND = "event_kind"


MARK = "filled_in"

FactDate = Annotated[date, Meta(extra={MARK: FilledIn.FACT_DATE})]
"""The calendar day, where the programme is run, on which the fact happened."""

RecordingDate = Annotated[date, Meta(extra={MARK: FilledIn.RECORDING_DATE})]
"""The calendar day on which the command is recorded: never before the fact."""

ActorId = Annotated[str, Meta(extra={MARK: FilledIn.ACTOR})]
"""The id of the actor."""

ActorOrganisation = Annotated[str, Meta(extra={MARK: FilledIn.ORGANISATION})]
"""The organisation for which the actor speaks."""

CommandTerritory = Annotated[str, Meta(extra={MARK: FilledIn.TERRITORY})]
"""The territory in whose name the actor speaks."""

ActorRole = Annotated[str, Meta(extra={MARK: FilledIn.ROLE})]
"""The role of the actor."""

ActorTerritories = Annotated[list[str], Meta(extra={MARK: FilledIn.TERRITORIES})]
"""The territories where the actor may act (`*` is all of them)."""

CommandScope = Annotated[str, Meta(extra={MARK: FilledIn.SCOPE})]
"""How far the permission of the actor reaches for this command (`shared.trust.scope`)."""

EventKind = Annotated[str, Meta(extra={MARK: FilledIn.EVENT_KIND})]
"""The kind of the event at a position that the command names; empty if the log has none there."""


def filled_in_by_handler(command: type[Any]) -> dict[str, FilledIn]:
    """The marked fields of a command: field name -> what the handler fills in."""
    shape = inspect.type_info(command)
    assert isinstance(shape, inspect.StructType)
    marked = {field.name: field.type for field in shape.fields if isinstance(field.type, inspect.Metadata)}
    return {name: mark for name, kind in marked.items() if (mark := (kind.extra or {}).get(MARK)) is not None}
