"""The journeys of one person by rank: what is true of each, and which one a day or a command is about.

The state of the aggregate of journey.py.
"""

from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from services.coaching.exits import Exit
from services.coaching.follow_up import FollowUps
from services.coaching.progress import Journey
from services.coaching.renewal import Decision
from services.coaching.survey_tickets import Issued
from shared.errors import Refused


class Exited(Struct, frozen=True):
    """A journey that has ended."""

    journey: Journey
    exit: Exit
    follow_ups: FollowUps
    tickets: Issued = frozenset()


class Ranks(Struct, frozen=True):
    """Every journey of a person: rank n is `exited[n - 1]`, and `ongoing`, the one that is open if any, is the next.

    `renewal` is the last decision about a further journey, until it opens.
    """

    exited: tuple[Exited, ...] = ()
    ongoing: Journey | None = None
    renewal: Decision | None = None

    @property
    def journeys(self) -> tuple[Journey, ...]:
        ended = tuple(over.journey for over in self.exited)
        return ended if self.ongoing is None else (*ended, self.ongoing)

    @property
    def deceased(self) -> bool:
        """The death is recorded with the last exit: nobody dies and opens a journey afterwards."""
        return self.ongoing is None and bool(self.exited) and self.exited[-1].exit.deceased

    def check_orientation_new(self, orientation: str | None) -> None:
        """An orientation opens or joins one journey, once: a policy that is given its event again, even after the exit, does nothing."""
        if any(orientation in (journey.orientation, *journey.joined) for journey in self.journeys if orientation):
            raise Refused("orientation_already_joined")

    def with_journey(self, journey: Journey) -> "Ranks":
        if journey.rank > len(self.exited):
            return replace(self, ongoing=journey)
        return self.with_exited(replace(self.exited[journey.rank - 1], journey=journey))

    def with_exited(self, over: Exited) -> "Ranks":
        index = over.journey.rank - 1
        return replace(self, exited=(*self.exited[:index], over, *self.exited[index + 1 :]))


def next_opening(ranks: Ranks, rank: int) -> date | None:
    """The day on which the renewal after this rank opened, if it did."""
    later = ranks.journeys[rank:]
    return later[0].opened_on if later else None


def open_journey(ranks: Ranks, on: date) -> Journey:
    """The journey that is open now, and was on that day."""
    if ranks.ongoing is None:
        raise Refused("journey_not_open")
    if on < ranks.ongoing.opened_on:
        raise Refused("before_the_opening")
    return ranks.ongoing


def journey_opened_by(ranks: Ranks, on: date) -> Journey:
    """The latest journey that had opened by that day: what is reached then, before or after its exit, belongs to it."""
    if not ranks.journeys:
        raise Refused("journey_not_open")
    opened = [journey for journey in ranks.journeys if journey.opened_on <= on]
    if not opened:
        raise Refused("before_the_opening")
    return opened[-1]


def journey_open_on(ranks: Ranks, on: date) -> Journey:
    """The journey that was open that day. What is learnt after the exit may still be recorded at its own date."""
    journey = journey_opened_by(ranks, on)
    if journey.rank <= len(ranks.exited) and on > ranks.exited[journey.rank - 1].exit.on:
        raise Refused("journey_not_open")
    return journey


def exited_journey(ranks: Ranks, rank: int | None) -> Exited:
    """The journey of this rank, which has ended; the last that has, if no rank is named."""
    if not ranks.exited or (rank is not None and rank > len(ranks.exited)):
        raise Refused("journey_not_exited")
    return ranks.exited[-1 if rank is None else rank - 1]
