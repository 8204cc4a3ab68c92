"""Where a person stands in the programme, read from the streams that intake and coaching keep of them.

Every service asks this before it records something about a person; none of them owns the answer. Each event is read through its own struct
of the fields that matter here, as policies do, so that no service depends on the shapes of another.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from services.vocabulary.calendar import local_date
from shared.command_fields import MARK, FilledIn
from shared.errors import Refused
from shared.message import EventMessage, data_of


class PersonStanding(Struct, frozen=True):
    """`territory` is where the person was followed at the time of the fact, `present` where they are now; both None before they are met.

    `since` is the day of the latest move. `met_on` is None for somebody who was never identified; `merged_into` is the record that
    replaces this one. `renewable_since` is the day of a granted renewal that is not used yet.
    """

    territory: str | None = None
    present: str | None = None
    since: date | None = None
    met_on: date | None = None
    merged_into: str | None = None
    erased: bool = False
    journey: Literal["none", "open", "exited"] = "none"
    renewable_since: date | None = None

    def check_met(self, on: date) -> None:
        """Check that the person was met by that day, and still has a record of their own.

        Raises:
            Refused: person_unknown, before_the_meeting, person_merged, person_erased.
        """
        if self.merged_into is not None:
            raise Refused("person_merged", kept=self.merged_into)
        if self.erased:
            raise Refused("person_erased")
        if self.met_on is None:
            raise Refused("person_unknown")
        if on < self.met_on:
            raise Refused("before_the_meeting")

    def check_settled(self, on: date) -> None:
        """Check that the person was met by that day, and has not moved since: what opens or moves is not dated before the latest move.

        Raises:
            Refused: as `check_met`, and before_the_last_move.
        """
        self.check_met(on)
        if self.since is not None and on < self.since:
            raise Refused("before_the_last_move")


NOBODY = PersonStanding()

Standing = Annotated[PersonStanding, Meta(extra={MARK: FilledIn.STANDING})]
"""A field of a command that the handler fills in with the standing of the person whom `Decider.persons` names for it."""


class Moved(Struct):
    """The territory of an event that says where a person is followed."""

    territory: str | None = None
    to_territory: str | None = None


class Merged(Struct):
    kept: str
    merged: str


MOVES = frozenset({"intake.PersonIdentified", "intake.PersonTransferred", "coaching.JourneyOpened", "coaching.JourneyTransferred"})


class PersonStandings:
    """Finds the standing of a person: `shared.placement.Persons`."""

    def streams(self, person: str) -> Sequence[str]:
        return f"person-{person}", f"journey-{person}"

    def standing(self, person: str, events: Sequence[EventMessage], at: datetime) -> PersonStanding:
        standing = NOBODY
        for event in events:
            standing = follow(standing, person, event)
        moves = sorted((local_date(event.time), event.position, moved_to(event)) for event in events if event.kind in MOVES)
        by_then = [territory for day, _, territory in moves if day <= local_date(at)] or [territory for _, _, territory in moves[:1]]
        return replace(standing, territory=by_then[-1], since=moves[-1][0]) if by_then else standing


def moved_to(event: EventMessage) -> str:
    moved = data_of(event, Moved)
    return moved.to_territory or moved.territory or event.territory


def follow(standing: PersonStanding, person: str, event: EventMessage) -> PersonStanding:
    """The standing after an event, in the order of the log."""
    if event.kind in MOVES:
        standing = replace(standing, present=moved_to(event))
    match event.kind:
        case "intake.PersonIdentified":
            return replace(standing, met_on=local_date(event.time))
        case "intake.PersonsMerged" if (merge := data_of(event, Merged)).merged == person:
            return replace(standing, merged_into=merge.kept)
        case "intake.PersonsSeparated":
            return replace(standing, merged_into=None)
        case "intake.PersonKeyDestroyed":
            return replace(standing, erased=True)
        case "coaching.JourneyOpened":
            return replace(standing, journey="open", renewable_since=None)
        case "coaching.JourneyExited":
            return replace(standing, journey="exited")
        case "coaching.RenewalGranted":
            return replace(standing, renewable_since=local_date(event.time))
        case _:
            return standing
