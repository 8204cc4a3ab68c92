"""Where a person stands in the programme, read from the streams that intake and coaching keep of them.

Every service asks this before it records something about a person; none of them owns the answer. Each event is read through its own struct
of the fields that matter here, as policies do, so that no service depends on the shapes of another.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, Struct
from msgspec.structs import replace

from services.vocabulary.calendar import local_date
from shared.command_fields import MARK, FilledIn
from shared.errors import Refused
from shared.message import EventMessage, Position, data_of

MERGED, ERASED, DECEASED = "person_merged", "person_erased", "person_deceased"
CLOSURES = frozenset({MERGED, ERASED, DECEASED})
"""Why nothing begins in a record any more."""


class PersonStanding(Struct, frozen=True):
    """`territory` is where the person was followed at the time of the fact, `present` where they are now; both None before they are met.

    `since` is the day of the latest move. `met_on` is None for somebody who was never identified; `merged_into` is the record that
    replaces this one. `died_on` is the day of a death, or the latest one possible. `rank` is that of the latest journey, `referent`
    that of the open one. `renewable_since` is the day of a granted renewal that is not used yet.
    """

    territory: str | None = None
    present: str | None = None
    since: date | None = None
    met_on: date | None = None
    merged_into: str | None = None
    erased: bool = False
    died_on: date | None = None
    journey: Literal["none", "open", "exited"] = "none"
    rank: int = 0
    referent: str | None = None
    renewable_since: date | None = None

    def closures(self, at: datetime) -> Iterator[Refused]:
        return self.closed_on(local_date(at) if self.died_on else at.date())  # the day matters after a death alone

    def closed_on(self, day: date) -> Iterator[Refused]:
        if self.merged_into is not None:
            yield Refused(MERGED, kept=self.merged_into)
        if self.erased:
            yield Refused(ERASED)
        if self.died_on is not None and day > self.died_on:
            yield Refused(DECEASED)

    def check_met(self, on: date) -> None:
        """Check that the person was met by that day.

        Raises:
            Refused: person_unknown, before_the_meeting.
        """
        if self.met_on is None:
            raise Refused("person_unknown")
        if on < self.met_on:
            raise Refused("before_the_meeting")

    def check_open(self, on: date, although: frozenset[str] = frozenset()) -> None:
        """Check that the person was met by that day, and that their record is not closed. The codes in `although` do not matter.

        Raises:
            Refused: as `check_met`, and person_merged, person_erased, person_deceased.
        """
        for closure in self.closed_on(on):
            if closure.code not in although:
                raise closure
        self.check_met(on)

    def check_settled(self, on: date) -> None:
        """Check that something may begin, and that the person has not moved since: nothing opens or moves before the latest move.

        Raises:
            Refused: as `check_open`, and before_the_last_move.
        """
        self.check_open(on)
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


class Died(Struct):
    """The fields of an event that may say that somebody died, and until when they lived at most."""

    reason: str
    on: date
    exit_on: date | None = None


class Assigned(Struct):
    referent: str


class OfRank(Struct):
    rank: int


DEATH = "DECES"
MOVES = frozenset({"intake.PersonIdentified", "intake.PersonTransferred", "coaching.JourneyOpened", "coaching.JourneyTransferred"})
TOLD = MOVES | {
    "intake.PersonsMerged",
    "intake.PersonsSeparated",
    "intake.PersonKeyDestroyed",
    "intake.ContactClosed",
    "coaching.ReferentAssigned",
    "coaching.ReferentReplaced",
    "coaching.JourneyExited",
    "coaching.ExitCorrected",
    "coaching.ExitNeutralised",
    "coaching.NeutralisationLifted",
    "coaching.RenewalGranted",
}
"""The kinds of events that a standing rests on."""


class Followed(NamedTuple):
    """What the events of a person tell: their standing wherever they are followed, and their moves, by day and position."""

    standing: PersonStanding = NOBODY
    moves: Sequence[tuple[date, Position, str]] = ()


class PersonStandings:
    """Finds the standing of a person: `shared.placement.Persons`."""

    kinds = TOLD

    def streams(self, person: str) -> Sequence[str]:
        return f"person-{person}", f"journey-{person}"

    def fold(self, known: Followed | None, person: str, events: Sequence[EventMessage]) -> Followed:
        standing, moves = known or Followed()
        moved = []
        for event in events:
            if (kind := event.kind) in TOLD:
                standing = follow(standing, person, kind, event)
                if kind in MOVES:
                    moved.append((local_date(event.time), event.position, moved_to(event)))
        return Followed(standing, sorted([*moves, *moved]) if moved else moves)

    def standing(self, known: Followed, at: datetime) -> PersonStanding:
        standing, moves = known
        if not moves:
            return standing
        by_then = [territory for day, _, territory in moves if day <= local_date(at)] or [moves[0][2]]
        return replace(standing, territory=by_then[-1], since=moves[-1][0])


def moved_to(event: EventMessage) -> str:
    moved = data_of(event, Moved)
    return moved.to_territory or moved.territory or event.territory


def follow(standing: PersonStanding, person: str, kind: str, event: EventMessage) -> PersonStanding:
    """The standing after an event, in the order of the log."""
    if kind in MOVES:
        standing = replace(standing, present=moved_to(event))
    match kind:
        case "intake.PersonIdentified":
            return replace(standing, met_on=local_date(event.time))
        case "intake.PersonsMerged" if (merge := data_of(event, Merged)).merged == person:
            return replace(standing, merged_into=merge.kept)
        case "intake.PersonsSeparated":
            return replace(standing, merged_into=None)
        case "intake.PersonKeyDestroyed":
            return replace(standing, erased=True)
        case "coaching.JourneyOpened":
            return replace(standing, journey="open", rank=data_of(event, OfRank).rank, renewable_since=None)
        case "coaching.ReferentAssigned" | "coaching.ReferentReplaced":
            return replace(standing, referent=data_of(event, Assigned).referent)
        case "coaching.JourneyExited":
            return after_death(replace(standing, journey="exited", referent=None), event)
        case "coaching.ExitCorrected" | "coaching.ExitNeutralised" | "intake.ContactClosed":
            return after_death(standing, event)
        case "coaching.NeutralisationLifted" if data_of(event, OfRank).rank == standing.rank:  # a death ends the latest journey
            return replace(standing, died_on=None)
        case "coaching.RenewalGranted":
            return replace(standing, renewable_since=local_date(event.time))
        case _:
            return standing


def after_death(standing: PersonStanding, event: EventMessage) -> PersonStanding:
    """The standing after an event with a reason, which may be a death. The day of an exit is the day of the death."""
    said = data_of(event, Died)
    return replace(standing, died_on=said.exit_on or standing.died_on or said.on) if said.reason == DEATH else standing
