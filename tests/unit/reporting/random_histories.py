"""Random histories for the laws of the figures: lives that move, come back, are renewed, merged, corrected, neutralised, told late.

They are old logs too: not every order of events here would be accepted today. A person may be coached or referred without ever having been
met, a lift may be dated before its barrier, and ids are few, so that several persons use the same.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from services.vocabulary.calendar import add_months
from shared.message import START, Position
from tests.unit.reporting.history import History

TOWNS = ("alencon", "flers", "argentan", "laigle")
PARTNERS = ("CAP", "ML")
FIRST_DAY = date(2022, 6, 1)
DAYS = 600
PEOPLE = 6
CONTRACTS = ("CDI", "CDD", "SIAE")


class Line(Struct, frozen=True):
    """An event to come, and the day on which it is recorded. Its position is the same in a history from which other lines are left out."""

    recorded: date
    kind: str
    on: date
    at: str
    data: dict[str, Any]
    position: Position = START

    @property
    def counted_on(self) -> date:
        """The day in whose quarter the fact counts: that of an exit, even if it is told later, and of the end of a follow-up's window."""
        return min(self.on, *(date.fromisoformat(self.data[field]) for field in ("exit_on", "window_end") if field in self.data), self.on)


class Life:
    """The lines about one person. What is told late is recorded weeks or months after it happened."""

    def __init__(self, chance: Random, person: str, *, orderly: bool) -> None:
        self.chance = chance
        self.orderly = orderly
        self.person = person
        self.day = FIRST_DAY + timedelta(days=chance.randrange(DAYS // 2))
        self.town = chance.choice(TOWNS)
        self.told: list[Line] = []
        self.recorded = self.day

    def likely(self, share: float) -> bool:
        return self.chance.random() < share

    def wait(self, most: int = 60) -> None:
        self.day += timedelta(days=self.chance.randrange(most))

    def tell(self, event: str, /, on: date | None = None, at: str | None = None, **data: Any) -> None:
        on = on or self.day
        delay = self.chance.choice((15, 45, 120)) if self.likely(0.15) else 0
        self.recorded = max(self.recorded, on + timedelta(days=delay))  # the events of a stream keep their order
        self.told.append(Line(self.recorded, event, on, at or self.town, {"person": self.person} | data))

    def live(self) -> list[Line]:
        if self.likely(0.8):
            radar = self.chance.choice(("NON_INSCRIT", "SUIVI", "INCONNU"))
            self.tell("intake.PersonIdentified", channel="RUE", place="", radar=radar)
        self.be_referred()
        if self.likely(0.4):
            self.be_oriented()
        if self.likely(0.8):
            for rank in range(1, self.chance.choice((1, 1, 2, 3)) + 1):
                self.journey(rank)
        self.attend_workshop()
        return self.told

    def be_referred(self) -> None:
        for referral in ("r1", "r2")[: self.chance.randrange(3)]:
            self.wait(20)
            sent: dict[str, Any] = {"referral": referral, "partner": self.chance.choice(PARTNERS)}
            self.tell("referrals.ReferralSent", **sent, thematique="mobilite")
            self.wait(50)
            answers = ["", "referrals.ReferralAccepted", "referrals.ReferralDeclined", "referrals.ReferralWithdrawn"]
            if answer := self.chance.choice(answers):
                self.tell(answer, **sent)
            if answer.endswith("Accepted") and self.likely(0.6):
                self.wait()
                self.tell(self.chance.choice(["referrals.ReferralCompleted", "referrals.ReferralWithdrawn"]), **sent, result="ENTREE")

    def be_oriented(self) -> None:
        orientation: dict[str, Any] = {"orientation": f"o-{self.person}", "prescriber": "CCAS", "kind": "CCAS"}
        self.tell("intake.OrientationReceived", **orientation)
        self.wait(40)
        if self.likely(0.8):
            self.tell(self.chance.choice(["intake.OrientationAccepted", "intake.OrientationDeclined"]), **orientation, reason="HORS_QPV")

    def journey(self, rank: int) -> None:
        self.wait(200 if rank > 1 else 30)
        self.tell("coaching.JourneyOpened", rank=rank, orientation=None)
        if rank > 1:
            for milestone in ("M3", "M6"):
                self.tell("coaching.FollowUpCancelled", rank=rank - 1, milestone=milestone)
        for _ in range(self.chance.randrange(6)):
            self.wait(40)
            self.chance.choice([self.barrier, self.interview, self.move, self.reach])(rank)
        self.wait()
        if self.likely(0.8):
            self.leave(rank)

    def barrier(self, rank: int) -> None:
        """Identified, perhaps lifted, perhaps identified again. An old log may have a lift that is dated too early."""
        for kind in ("Identified", "Lifted", "Identified", "Lifted")[: self.chance.randrange(1, 5)]:
            early = timedelta(days=30) if kind == "Lifted" and not self.orderly and self.likely(0.1) else timedelta()
            self.tell(f"coaching.Barrier{kind}", self.day - early, rank=rank, thematique="sante")
            self.wait(50)

    def interview(self, rank: int) -> None:
        self.tell("coaching.InterviewHeld", rank=rank, mode="VISIO", minutes=30)

    def move(self, rank: int) -> None:
        former, self.town = self.town, self.chance.choice(TOWNS)
        self.tell("coaching.JourneyTransferred", at=former, rank=rank, from_territory=former, to_territory=self.town)

    def reach(self, rank: int) -> None:
        outcome: dict[str, Any] = {"rank": rank, "outcome": f"o{rank}{self.chance.randrange(2)}"}
        if self.likely(0.2):
            self.tell("coaching.BusinessCreated", **outcome)
        else:
            self.tell("coaching.JobFound", **outcome, contract=self.chance.choice(CONTRACTS), months=self.chance.choice((2, 8)))

    def leave(self, rank: int) -> None:
        exit_on = self.day - timedelta(days=self.chance.choice((0, 0, 40)))
        self.tell("coaching.JourneyExited", rank=rank, exit_on=exit_on.isoformat(), **self.outcomes(rank))
        self.schedule(rank, exit_on)
        if self.likely(0.3):
            self.wait()
            self.reach(rank)
        for statement in range(1, self.chance.choice((1, 1, 2, 3))):
            self.wait()
            corrected_on = exit_on + timedelta(days=self.chance.randrange(-40, 40))
            correction: dict[str, Any] = {"rank": rank, "supersedes": statement, "exit_on": corrected_on.isoformat(), "why": "SAISIE"}
            self.tell("coaching.ExitCorrected", **correction, **self.outcomes(rank))
            self.schedule(rank, corrected_on)
        if self.likely(0.2):
            self.tell("coaching.ExitNeutralised", rank=rank, reason="DEMENAGEMENT")
        if self.likely(0.6):
            self.be_followed(rank, exit_on)

    def outcomes(self, rank: int) -> dict[str, Any]:
        known = sorted({line.data["outcome"] for line in self.told if line.data.get("rank") == rank and "outcome" in line.data})
        named = [outcome for outcome in known if self.likely(0.7)]
        return {"reason": "OUTCOME" if named else "ABANDON", "outcomes": named}

    def schedule(self, rank: int, exit_on: date) -> None:
        for milestone, months in (("M3", 3), ("M6", 6)):
            due = add_months(exit_on, months)
            window: dict[str, Any] = {"due_on": due.isoformat(), "window_end": (due + timedelta(days=30)).isoformat()}
            self.tell("coaching.FollowUpScheduled", rank=rank, milestone=milestone, **window)

    def be_followed(self, rank: int, exit_on: date) -> None:
        told_on = max(self.day, add_months(exit_on, 3) - timedelta(days=15))
        answer: dict[str, Any] = {"rank": rank, "milestone": "M3", "situation": "EMPLOI", "channel": "SMS"}
        self.tell("coaching.FollowUpCompleted", told_on, **answer, still_in_outcome=self.likely(0.5))

    def attend_workshop(self) -> None:
        seat: dict[str, Any] = {"workshop": self.chance.choice(("w1", "w2"))}
        steps = ("coaching.SeatTaken", "coaching.SeatReleased", "coaching.SeatTaken")[: self.chance.randrange(4)]
        for step in steps:
            self.tell(step, **seat)
        if self.likely(0.5):
            self.tell(self.chance.choice(["coaching.WorkshopAttended", "coaching.WorkshopMissed"]), **seat, excused=self.likely(0.3))


def merges(chance: Random) -> Iterator[Line]:
    """Some records are merged, along chains or in a circle, and some are separated again."""
    for _ in range(chance.randrange(4)):
        kept, merged = chance.sample(range(PEOPLE), 2)
        on = FIRST_DAY + timedelta(days=chance.randrange(100, DAYS + 200))
        both = {"kept": f"p{kept}", "merged": f"p{merged}"}
        yield Line(on, "intake.PersonsMerged", on, chance.choice(TOWNS), both)
        if chance.random() < 0.3:
            later = on + timedelta(days=30)
            yield Line(later, "intake.PersonsSeparated", later, chance.choice(TOWNS), both)


def answers(chance: Random) -> Iterator[Line]:
    for _ in range(chance.randrange(5)):
        on = FIRST_DAY + timedelta(days=chance.randrange(DAYS))
        reply = {"satisfied": chance.random() < 0.8, "wellbeing": True, "wants_continuation": chance.random() < 0.5}
        yield Line(on, "coaching.SurveyAnswered", on, chance.choice(TOWNS), {"rating": chance.randint(1, 5), "domains": [], **reply})


@st.composite
def random_lines(draw: st.DrawFn, *, orderly: bool = False) -> list[Line]:
    """The lines of a history, in the order of recording. In an orderly one nothing ends before it began."""
    chance = draw(st.randoms(use_true_random=False))
    lives = [line for number in range(PEOPLE) for line in Life(chance, f"p{number}", orderly=orderly).live()]
    lines = sorted([*lives, *merges(chance), *answers(chance)], key=lambda line: line.recorded)
    return [replace(line, position=position) for position, line in enumerate(lines, start=10)]


def recorded(lines: Sequence[Line]) -> History:
    history = History()
    for line in lines:
        history.record(line.kind, line.on.isoformat(), line.at, line.recorded.isoformat(), **line.data)
        at = {"position": line.position, "previous": history.events[-2].position}
        history.events[-1] = replace(history.events[-1], **at)
    return history
