"""How a journey opens: a person commits, and one coach is the referent from the first moment on. Further orientations join it.

Part of the aggregate of journey.py and of its stream `journey-<person>`.
"""

from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from services.coaching.progress import Journey
from services.vocabulary.fields import Id
from services.vocabulary.person_standing import NOBODY, Standing
from shared.command_fields import CommandTerritory, FactDate
from shared.errors import Refused
from shared.trust.personal.marks import Code, Identifier

# Events: what happened -----------------------------------------------------------------------------------------------


class JourneyOpened(Struct, frozen=True, tag=True, kw_only=True):
    """A person commits to a journey. Rank 1 is the first; each renewal adds one."""

    person: Identifier
    rank: int
    orientation: Identifier | None
    territory: Code
    on: date


class ReferentAssigned(Struct, frozen=True, tag=True, kw_only=True):
    """This coach is the referent of the whole journey."""

    person: Identifier
    rank: int
    referent: Identifier
    on: date


class OrientationJoined(Struct, frozen=True, tag=True, kw_only=True):
    """A prescriber sends a person who is coached already: the orientation joins the open journey, and its prescriber hears of the end."""

    person: Identifier
    rank: int
    orientation: Identifier
    on: date


Event = JourneyOpened | ReferentAssigned | OrientationJoined

# State: what is true -------------------------------------------------------------------------------------------------


def opened(event: JourneyOpened) -> Journey:
    return Journey(
        rank=event.rank,
        opened_on=event.on,
        orientation=event.orientation,
        territory=event.territory,
        territory_since=event.on,
        referent_since=event.on,
        last_on=event.on,
    )


def assigned(journey: Journey, event: ReferentAssigned) -> Journey:
    return replace(journey, referent=event.referent, referent_since=event.on)


def joined(journey: Journey, event: OrientationJoined) -> Journey:
    return replace(journey, joined=(*journey.joined, event.orientation))


# Commands: what may be requested -------------------------------------------------------------------------------------


class OpenJourney(Struct, frozen=True, kw_only=True):
    person: Id
    referent: Id
    orientation: Id | None = None
    on: FactDate
    territory: CommandTerritory
    standing: Standing = NOBODY


class JoinOrientation(Struct, frozen=True, kw_only=True):
    person: Id
    orientation: Id
    on: FactDate


Command = OpenJourney | JoinOrientation

# Decisions: what follows ---------------------------------------------------------------------------------------------


def first_events(rank: int, command: OpenJourney) -> list[Event]:
    person, on = command.person, command.on
    return [
        JourneyOpened(person=person, rank=rank, orientation=command.orientation, territory=command.territory, on=on),
        ReferentAssigned(person=person, rank=rank, referent=command.referent, on=on),
    ]


def join(journey: Journey | None, command: JoinOrientation) -> OrientationJoined:
    """An orientation may be older than the opening, so its day is not compared with those of the journey."""
    if journey is None:
        raise Refused("journey_not_open")
    return OrientationJoined(person=command.person, rank=journey.rank, orientation=command.orientation, on=command.on)
