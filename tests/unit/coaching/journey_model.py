"""What the journeys of one person must be, from their events alone and from the invariants of the domain; it is written naively."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Any

from services.coaching import exits, follow_up, handover, opening, outcomes, progress, renewal
from services.coaching.coded_values import CorrectionReason, ExitReason, Milestone, NeutralReason

MONTHS = {Milestone.M3: 3, Milestone.M6: 6}


def months_later(day: date, months: int) -> date:
    """Computed otherwise than in services.vocabulary.calendar: month by month, then clamped."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


class RankModel:
    """One journey."""

    def __init__(self, opened: opening.JourneyOpened) -> None:
        self.opened_on = opened.on
        self.territory = opened.territory
        self.referent: str | None = None
        self.territory_since = self.referent_since = opened.on
        self.facts: list[date] = []
        self.barriers: dict[str, progress.BarrierIdentified | progress.BarrierLifted] = {}
        self.outcomes: dict[str, date] = {}  # when it was reached
        self.statements: list[exits.JourneyExited | exits.ExitCorrected] = []
        self.neutralised: exits.ExitNeutralised | None = None
        self.to_do: dict[Milestone, date] = {}
        self.done: set[Milestone] = set()

    @property
    def exit_on(self) -> date | None:
        return self.statements[-1].exit_on if self.statements else None

    def apply(self, event: Any) -> None:
        match event:
            case opening.ReferentAssigned():
                assert self.referent is None
                self.referent = event.referent
            case handover.ReferentReplaced():
                assert event.former == self.referent != event.referent
                assert event.on >= self.referent_since
                self.referent, self.referent_since = event.referent, event.on
            case handover.JourneyTransferred():
                assert event.from_territory == self.territory != event.to_territory
                assert event.on >= self.territory_since
                self.territory, self.territory_since = event.to_territory, event.on
            case progress.BarrierIdentified() | progress.BarrierLifted():
                before = self.barriers.get(event.thematique)
                lifted = before is None or isinstance(before, progress.BarrierLifted)
                assert lifted == isinstance(event, progress.BarrierIdentified), "identified, lifted, identified…"
                assert before is None or event.on >= before.on
                self.barriers[event.thematique] = event
        if isinstance(event, progress.Event | handover.Event):
            self.facts.append(event.on)
        else:
            self.end(event)

    def end(self, event: Any) -> None:
        """The exit and what follows it."""
        match event:
            case exits.JourneyExited() | exits.ExitCorrected():
                assert getattr(event, "supersedes", 0) == len(self.statements)
                assert self.neutralised is None or event.reason.name == self.statements[-1].reason.name == self.neutralised.reason.name
                assert (event.reason is ExitReason.OUTCOME) == bool(event.outcomes)
                self.statements.append(event)
            case exits.ExitNeutralised():
                assert self.statements
                assert self.neutralised is None
                self.neutralised = event
            case exits.NeutralisationLifted():
                assert self.neutralised is not None
                assert event.on >= self.neutralised.on
                self.neutralised = None
            case follow_up.FollowUpScheduled():
                assert event.window_end - event.due_on == timedelta(days=30)
                self.to_do[event.milestone] = event.due_on
            case follow_up.FollowUpUnreachable():
                assert event.on >= self.to_do[event.milestone] - timedelta(days=15)
            case follow_up.FollowUpCompleted():
                assert event.on >= self.to_do.pop(event.milestone) - timedelta(days=15)
                self.done.add(event.milestone)
            case follow_up.FollowUpCancelled():
                del self.to_do[event.milestone]


class JourneysModel:
    """All journeys of one person, by rank from 1."""

    def __init__(self) -> None:
        self.ranks: list[RankModel] = []
        self.granted: date | None = None
        self.grown: set[str] = set()

    def apply(self, event: Any) -> None:
        match event:
            case opening.JourneyOpened():
                self.open(event)
            case renewal.RenewalGranted() | renewal.RenewalDenied():
                assert event.rank == len(self.ranks) + 1
                assert not self.dead
                self.granted = event.on if isinstance(event, renewal.RenewalGranted) else None
            case outcomes.OutcomeCorrected():
                self.grown = {event.outcome} if event.why is CorrectionReason.REQUALIFICATION else set()
                if not self.grown:
                    del self.ranks[event.rank - 1].outcomes[event.outcome]
            case _ if isinstance(event, outcomes.Reached):
                self.reach(event)
            case _:
                self.ranks[event.rank - 1].apply(event)

    def open(self, event: opening.JourneyOpened) -> None:
        assert event.rank == len(self.ranks) + 1
        if event.rank > 1:
            last = self.ranks[-1]
            assert last.exit_on is not None
            assert self.granted is not None
            assert not self.dead
            assert event.on >= max(last.exit_on, self.granted)
        self.granted = None
        self.ranks.append(RankModel(event))

    def reach(self, event: outcomes.Reached) -> None:
        """An outcome belongs to the last journey that had opened by its day."""
        assert event.rank == max(rank for rank, journey in enumerate(self.ranks, 1) if journey.opened_on <= event.on)
        known = [rank for rank, journey in enumerate(self.ranks, 1) if event.outcome in journey.outcomes]
        assert known == ([event.rank] if event.outcome in self.grown else [])
        self.grown = set()
        reached = self.ranks[event.rank - 1].outcomes
        reached[event.outcome] = min(event.on, reached.get(event.outcome, date.max))

    @property
    def dead(self) -> bool:
        return any(rank.neutralised and rank.neutralised.reason is NeutralReason.DECES for rank in self.ranks)

    def check(self, today: date) -> None:
        """What holds after every decision."""
        for number, rank in enumerate(self.ranks, 1):
            following = self.ranks[number] if number < len(self.ranks) else None
            assert rank.referent is not None
            if rank.exit_on is None:
                assert following is None, "one open journey"
                assert not rank.to_do
                assert not rank.neutralised
            else:
                self.check_exit(rank, rank.exit_on, following, today)
            assert all(day >= rank.opened_on for day in rank.facts)

    def check_exit(self, rank: RankModel, exit_on: date, following: RankModel | None, today: date) -> None:
        renewed_on = following.opened_on if following else date.max
        assert rank.opened_on <= exit_on <= min(today, renewed_on)
        assert all(day <= exit_on for day in rank.facts)
        assert all(rank.outcomes[outcome] <= exit_on for outcome in rank.statements[-1].outcomes)
        assert not (following and rank.neutralised and rank.neutralised.reason is NeutralReason.DECES), "nobody is coached after a death"
        due = {each: months_later(exit_on, MONTHS[each]) for each in Milestone if each not in rank.done}
        if self.dead or rank.neutralised:
            assert rank.to_do == {}
        elif rank.to_do or rank.done:
            assert rank.to_do == {each: day for each, day in due.items() if day <= renewed_on}
