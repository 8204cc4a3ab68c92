"""Two records that are one person: one is merged into the other, and separated again if that was a mistake.

Part of the aggregate of person.py and of the stream `person-<merged>`. A record that is merged accepts nothing more, and none may be merged
into it, so that merges never make a circle.
"""

from datetime import date

from msgspec import Struct

from services.vocabulary.fields import Id
from services.vocabulary.person_standing import DECEASED, NOBODY, Standing
from shared.command_fields import FactDate
from shared.errors import Refused
from shared.trust.personal.marks import Identifier

# Events: what happened -----------------------------------------------------------------------------------------------


class PersonsMerged(Struct, frozen=True, tag=True):
    """Two records were one person: `merged` counts as `kept` from now on, everywhere."""

    kept: Identifier
    merged: Identifier
    on: date


class PersonsSeparated(Struct, frozen=True, tag=True):
    """The merge was a mistake: `merged` is a person of its own again, from now on, everywhere."""

    kept: Identifier
    merged: Identifier
    on: date


Event = PersonsMerged | PersonsSeparated

# Commands: what may be requested -------------------------------------------------------------------------------------


class MergePersons(Struct, frozen=True):
    kept: Id
    merged: Id
    on: FactDate
    kept_standing: Standing = NOBODY
    merged_standing: Standing = NOBODY


class SeparatePersons(Struct, frozen=True):
    kept: Id
    merged: Id
    on: FactDate


Command = MergePersons | SeparatePersons

# Decisions: what follows ---------------------------------------------------------------------------------------------


def merge(command: MergePersons) -> PersonsMerged:
    """Both records are of persons who were met. The record that is kept is the one that goes on: with the open journey, or with one at all.

    So a renewal is asked for where the journeys are, and the next opening there cancels the follow-ups that it precedes.
    """
    if command.kept == command.merged:
        raise Refused("merged_into_itself")
    command.kept_standing.check_open(command.on, although=frozenset({DECEASED}))
    if command.merged_standing.journey == "open":
        raise Refused("merged_journey_open")
    if command.merged_standing.journey == "exited" and command.kept_standing.journey == "none":
        raise Refused("merged_journey_exited")
    return PersonsMerged(command.kept, command.merged, command.on)


def separate(kept: str, command: SeparatePersons) -> PersonsSeparated:
    """Undo the merge into `kept`, which the command must name."""
    if command.kept != kept:
        raise Refused("not_merged")
    return PersonsSeparated(command.kept, command.merged, command.on)
