"""Whatever commands arrive, in whatever order: what is recorded obeys the invariants.

The laws read only the recorded events, never the state that the pages keep for themselves.
"""

from calendar import monthrange
from collections import Counter
from datetime import date, timedelta
from typing import Any, get_args

import pytest
from hypothesis import event as seen
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from services.coaching import equipment, exits, follow_up, journey, outcomes, progress, renewal, survey, workshop
from services.coaching.words import THEMATIQUES
from shared.decider import Decider
from shared.errors import Refused
from tests.unit.coaching.stage import AGAIN, EXIT, GRANT, JOB, OPEN, Stage

FEW = st.sampled_from
FIRST = date(2023, 8, 25)
DAYS = st.integers(0, 20).map(lambda week: FIRST + timedelta(days=17 * week))  # crosses the ends of months, February included
SHARED: dict[str, SearchStrategy[Any]] = {
    "on": DAYS,
    "exit_on": st.one_of(DAYS, st.just(EXIT.exit_on)),
    "recorded_on": DAYS,
    "until": DAYS,
    "held_on": st.just(FIRST),
    "person": FEW(["p-1", "p-2", "p-3"]),
    "territory": FEW(["alencon", "alencon", "alencon", "flers"]),
    "to_territory": FEW(["alencon", "flers"]),
    "thematique": FEW(sorted(THEMATIQUES)[:2]),
    "outcome": FEW(["a", "b", "c"]),
    "outcomes": st.lists(FEW(["a", "b"]), max_size=2),
    "capacity": st.integers(1, 2),
    "rank": FEW([1, 1, 2]),
    "referent": FEW(["coach-1", "coach-2"]),
    "constraints": st.dictionaries(FEW(sorted(THEMATIQUES)[:3]), FEW(["OUI", "CLOTUREE"]), max_size=2),
}


def any_of(commands: Any, **fixed: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Commands of every type, with few values so that they meet each other."""
    kinds = get_args(commands) or (commands,)
    return st.one_of(
        [st.builds(kind, **{name: how for name, how in {**SHARED, **fixed}.items() if name in kind.__struct_fields__}) for kind in kinds]
    )


ONE = {"person": st.just("p-1")}
JOURNEY = st.one_of(
    any_of(journey.OpenJourney, **ONE),
    any_of(exits.ExitJourney, **ONE, reason=st.just("ABANDON"), outcomes=st.just([])),
    any_of(renewal.GrantRenewal, **ONE),
    any_of(follow_up.ScheduleFollowUps, **ONE),
    any_of(outcomes.CreateBusiness, **ONE),
    any_of(exits.CorrectExit, **ONE),
    any_of(follow_up.Command, **ONE),
    any_of(journey.Command, **ONE),
)


def run(decider: Decider[Any, Any, Any], commands: list[Any]) -> list[Any]:
    """Every event of a stream after these commands; the refused ones leave nothing. `Stage` folds what was written, read back."""
    stage = Stage(decider)
    for command in commands:
        try:
            stage.when(command)
        except Refused as refusal:
            seen(f"refused: {refusal.code}")
    for name in {type(event).__name__ for event in stage.events}:
        seen(f"recorded: {name}")
    return stage.events


def in_order(commands: SearchStrategy[Any]) -> SearchStrategy[list[Any]]:
    """Half of the time in the order of their days, so that long histories happen; half in any order."""
    lists = st.lists(commands, min_size=5, max_size=40)
    return st.one_of(lists, lists.map(lambda listed: sorted(listed, key=lambda command: command.on)))


SCHEDULE = follow_up.ScheduleFollowUps(person="p-1", rank=1, exit_on=EXIT.exit_on, on=EXIT.on)
WAY = [OPEN, JOB, EXIT, SCHEDULE, GRANT, AGAIN]  # a life that goes well, from whose every point anything may follow


def histories() -> SearchStrategy[list[Any]]:
    return st.tuples(st.integers(0, len(WAY)), in_order(JOURNEY)).map(lambda drawn: [*WAY[: drawn[0]], *drawn[1]])


@given(histories())
@settings(max_examples=300, deadline=None)
def test_never_two_open_journeys_and_exactly_one_referent_while_one_is_open(commands: list[Any]) -> None:
    open_ranks: list[int] = []
    referents: list[str] = []
    for event in run(journey.decider, commands):
        match event:
            case journey.JourneyOpened(rank=rank):
                open_ranks.append(rank)
            case journey.ReferentAssigned(referent=referent):
                referents.append(referent)
            case journey.ReferentReplaced(former=former, referent=referent):
                referents.remove(former)
                referents.append(referent)
            case exits.JourneyExited(rank=rank):
                open_ranks.remove(rank)
                referents.clear()
        assert len(open_ranks) <= 1
        assert len(referents) == len(open_ranks) or isinstance(event, journey.JourneyOpened)


@given(histories())
@settings(max_examples=300, deadline=None)
def test_ranks_follow_each_other_each_by_a_grant_after_an_exit(commands: list[Any]) -> None:
    granted: list[int] = []
    exited: dict[int, date] = {}
    rank = 0
    for event in run(journey.decider, commands):
        match event:
            case journey.JourneyOpened():
                assert event.rank == rank + 1
                if event.rank > 1:
                    granted.remove(event.rank)
                    assert event.on >= exited[rank]
                rank = event.rank
            case exits.JourneyExited() | exits.ExitCorrected():
                exited[event.rank] = event.exit_on
            case renewal.RenewalGranted():
                granted.append(event.rank)
        assert event.rank == rank or isinstance(event, renewal.Event)


@given(histories())
@settings(max_examples=300, deadline=None)
def test_opening_then_exit_then_recording_and_outcomes_of_the_same_journey(commands: list[Any]) -> None:
    recorded = max(
        (command.recorded_on for command in commands if isinstance(command, exits.ExitJourney | exits.CorrectExit)), default=None
    )
    opened: dict[int, date] = {}
    reached: dict[int, set[str]] = {}
    statements: Counter[int] = Counter()
    for event in run(journey.decider, commands):
        match event:
            case journey.JourneyOpened():
                opened[event.rank] = event.on
            case exits.JourneyExited() | exits.ExitCorrected():
                assert recorded is not None
                assert opened[event.rank] <= event.exit_on <= recorded
                assert (event.reason == "OUTCOME") == bool(event.outcomes)
                assert reached.get(event.rank, set()) >= set(event.outcomes)
                assert getattr(event, "supersedes", 0) == statements[event.rank]
                statements[event.rank] += 1
            case _ if isinstance(event, outcomes.Event):
                assert not any(event.outcome in known for known in reached.values())
                reached.setdefault(event.rank, set()).add(event.outcome)


def months_later(day: date, months: int) -> date:
    """Another way to say it than the page's own: count month ends one by one."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


@given(histories())
@settings(max_examples=300, deadline=None)
def test_every_follow_up_that_is_awaited_is_due_at_the_exit_in_force_plus_calendar_months(commands: list[Any]) -> None:
    awaited: dict[str, date] = {}
    exit_on = date.min
    for event in run(journey.decider, commands):
        match event:
            case journey.JourneyOpened():
                assert not awaited, "a renewal cancels what was awaited"
            case exits.JourneyExited() | exits.ExitCorrected():
                exit_on = event.exit_on
            case follow_up.FollowUpScheduled():
                assert event.due_on == months_later(exit_on, {"M3": 3, "M6": 6}[event.milestone])
                assert event.window_end - event.due_on == timedelta(days=30)
                awaited[event.milestone] = event.due_on
            case follow_up.FollowUpCompleted():
                assert event.on >= awaited.pop(event.milestone) - timedelta(days=15)
            case follow_up.FollowUpUnreachable():
                assert event.milestone in awaited
            case follow_up.FollowUpCancelled():
                del awaited[event.milestone]
    assert awaited == {milestone: months_later(exit_on, {"M3": 3, "M6": 6}[milestone]) for milestone in awaited}, "a correction moves them"


@given(st.dates(date(2022, 6, 1), date(2030, 12, 31)))
def test_follow_ups_are_clamped_to_the_end_of_the_month_whatever_the_day(exit_on: date) -> None:
    scheduled = follow_up.schedule("p-1", 1, exit_on, ("M3", "M6"), exit_on)
    assert [event.due_on for event in scheduled] == [months_later(exit_on, 3), months_later(exit_on, 6)]


WORKSHOP = {"workshop": st.just("w-1")}
SHEET = st.one_of(any_of(workshop.TakeSeat, **WORKSHOP), any_of(workshop.AttendWorkshop, **WORKSHOP), any_of(workshop.Command, **WORKSHOP))


@given(any_of(workshop.ScheduleWorkshop, **WORKSHOP), st.lists(SHEET, max_size=40))
@settings(max_examples=400, deadline=None)
def test_seats_never_pass_the_capacity_and_every_attendance_has_a_seat_or_is_flagged(first: Any, commands: list[Any]) -> None:
    seats: set[str] = set()
    sheet: set[str] = set()
    for event in run(workshop.decider, [first, *commands]):
        match event:
            case workshop.SeatTaken(person=person):
                assert person not in seats
                seats.add(person)
            case workshop.SeatReleased(person=person):
                seats.remove(person)
            case workshop.WorkshopAttended(person=person, walk_in=walk_in):
                assert (person in seats) is not walk_in
                assert person not in sheet
                sheet.add(person)
            case workshop.WorkshopMissed(person=person):
                assert person in seats - sheet
                sheet.add(person)
            case workshop.WorkshopClosed():
                assert seats <= sheet
        assert len(seats) <= first.capacity


@given(in_order(any_of(equipment.Command, serial=st.just("PC-07"))))
@settings(max_examples=200, deadline=None)
def test_a_laptop_is_with_one_person_at_most_and_sold_once(commands: list[Any]) -> None:
    holder: str | None = None
    sold = False
    for event in run(equipment.decider, commands):
        assert not sold
        if isinstance(event, equipment.EquipmentLent):
            assert holder is None
            holder = event.person
        else:
            assert holder == event.person
            holder = None
            sold = isinstance(event, equipment.EquipmentBoughtOut)


@given(st.lists(any_of(survey.Command, token=FEW(["t-1", "t-2"])), max_size=10))
def test_at_most_one_answer_per_token_and_no_token_in_it(commands: list[Any]) -> None:
    for token in ("t-1", "t-2"):
        answers = run(survey.decider, [command for command in commands if command.token == token])
        assert len(answers) <= 1
        assert all(token not in str(answer) for answer in answers)


@pytest.mark.parametrize("page", [journey, workshop, equipment, survey, progress, outcomes, exits, follow_up, renewal])
def test_every_event_carries_its_day(page: Any) -> None:
    assert all("on" in event.__struct_fields__ for event in get_args(page.Event) or (page.Event,))
