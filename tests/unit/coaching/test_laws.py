"""The recorded events obey the invariants, whatever commands arrive, in any order.

The laws read only the recorded events, never the state of the aggregates.
"""

from calendar import monthrange
from collections import Counter
from datetime import date, timedelta
from functools import reduce
from typing import Any, get_args

import pytest
from hypothesis import event as tally
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from services.coaching import equipment, exits, follow_up, journey, outcomes, progress, renewal, survey, survey_tickets, workshop
from services.coaching.coded_values import Constraint, ExitReason, Milestone
from services.vocabulary.thematiques import LABELS
from shared.decider import Decider
from shared.errors import Refused
from tests.harness.specification import stored
from tests.unit.coaching.journeys import EXIT, FIND_JOB, GRANT, OPEN, RENEW, SCHEDULE

ONE_OF = st.sampled_from
TICKETS = [f"EXIT.2023-08.alencon.{number * 32}.{'f' * 32}" for number in "01"]
FIRST = date(2023, 8, 25)
DAYS = st.integers(0, 20).map(lambda week: FIRST + timedelta(days=17 * week))  # crosses the ends of months, February included
SHARED: dict[str, SearchStrategy[Any]] = {
    "on": DAYS,
    "exit_on": st.one_of(DAYS, st.just(EXIT.exit_on)),
    "recorded_on": DAYS,
    "until": DAYS,
    "held_on": st.just(FIRST),
    "person": ONE_OF(["p-1", "p-2", "p-3"]),
    "territory": ONE_OF(["alencon", "alencon", "alencon", "flers"]),
    "to_territory": ONE_OF(["alencon", "flers"]),
    "thematique": ONE_OF(sorted(LABELS)[:2]),
    "outcome": ONE_OF(["a", "b", "c"]),
    "outcomes": st.lists(ONE_OF(["a", "b"]), max_size=2),
    "capacity": st.integers(1, 2),
    "rank": ONE_OF([1, 1, 2]),
    "referent": ONE_OF(["coach-1", "coach-2"]),
    "constraints": st.dictionaries(ONE_OF(sorted(LABELS)[:3]), ONE_OF([Constraint.OUI, Constraint.CLOTUREE]), max_size=2),
}


def any_of(commands: Any, **fixed: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Commands of every type, with few values, so that they often concern the same things."""
    types = get_args(commands) or (commands,)
    values = {**SHARED, **fixed}
    return st.one_of([st.builds(each, **{name: values[name] for name in each.__struct_fields__ if name in values}) for each in types])


ONE_PERSON = {"person": st.just("p-1")}
JOURNEY_COMMANDS = st.one_of(
    any_of(journey.OpenJourney, **ONE_PERSON),
    any_of(exits.ExitJourney, **ONE_PERSON, reason=st.just(ExitReason.ABANDON), outcomes=st.just([])),
    any_of(renewal.GrantRenewal, **ONE_PERSON),
    any_of(follow_up.ScheduleFollowUps, **ONE_PERSON),
    any_of(outcomes.CreateBusiness, **ONE_PERSON),
    any_of(exits.CorrectExit, **ONE_PERSON),
    any_of(follow_up.Command, **ONE_PERSON),
    any_of(journey.Command, **ONE_PERSON),
)


def run(decider: Decider[Any, Any, Any], commands: list[Any]) -> list[Any]:
    """Every event of a stream after these commands, as a log gives them back. A refused command records nothing."""
    state, history = decider.initial, list[Any]()
    for command in commands:
        try:
            events = decider.decide(state, command)
        except Refused as refusal:
            tally(f"refused: {refusal.code}")
            continue
        assert events, "a decision without events must be a refusal"
        history += stored(decider, events)
        state = reduce(decider.evolve, history[-len(events) :], state)
    for name in {type(event).__name__ for event in history}:
        tally(f"recorded: {name}")
    return history


def in_order(commands: SearchStrategy[Any]) -> SearchStrategy[list[Any]]:
    """Half of the lists are in the order of their days, so that long histories happen; half are in any order."""
    lists = st.lists(commands, min_size=5, max_size=40)
    return st.one_of(lists, lists.map(lambda listed: sorted(listed, key=lambda command: command.on)))


GOOD_JOURNEY = [OPEN, FIND_JOB, EXIT, SCHEDULE, GRANT, RENEW]


def histories() -> SearchStrategy[list[Any]]:
    """Commands that follow the good journey up to some point, then any others."""
    return st.tuples(st.integers(0, len(GOOD_JOURNEY)), in_order(JOURNEY_COMMANDS)).map(
        lambda drawn: [*GOOD_JOURNEY[: drawn[0]], *drawn[1]]
    )


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
def test_each_further_rank_is_the_next_one_and_needs_a_grant_after_an_exit(commands: list[Any]) -> None:
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
def test_an_exit_is_between_opening_and_recording_and_names_outcomes_of_its_own_journey(commands: list[Any]) -> None:
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
                assert (event.reason is ExitReason.OUTCOME) == bool(event.outcomes)
                assert reached.get(event.rank, set()) >= set(event.outcomes)
                assert getattr(event, "supersedes", 0) == statements[event.rank]
                statements[event.rank] += 1
            case _ if isinstance(event, outcomes.Event):
                assert not any(event.outcome in known for known in reached.values())
                reached.setdefault(event.rank, set()).add(event.outcome)


MONTHS = {Milestone.M3: 3, Milestone.M6: 6}


def months_later(day: date, months: int) -> date:
    """Computed otherwise than in services.vocabulary.calendar: month by month, then clamped."""
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


@given(histories())
@settings(max_examples=300, deadline=None)
def test_every_pending_follow_up_is_due_calendar_months_after_the_exit_in_force(commands: list[Any]) -> None:
    pending: dict[Milestone, date] = {}
    exit_on = date.min
    for event in run(journey.decider, commands):
        match event:
            case journey.JourneyOpened():
                assert not pending, "a renewal cancels the pending follow-ups"
            case exits.JourneyExited() | exits.ExitCorrected():
                exit_on = event.exit_on
            case follow_up.FollowUpScheduled():
                assert event.due_on == months_later(exit_on, MONTHS[event.milestone])
                assert event.window_end - event.due_on == timedelta(days=30)
                pending[event.milestone] = event.due_on
            case follow_up.FollowUpCompleted():
                assert event.on >= pending.pop(event.milestone) - timedelta(days=15)
            case follow_up.FollowUpUnreachable():
                assert event.milestone in pending
            case follow_up.FollowUpCancelled():
                del pending[event.milestone]
    assert pending == {milestone: months_later(exit_on, MONTHS[milestone]) for milestone in pending}, (
        "a correction moves the pending follow-ups"
    )


@given(st.dates(date(2022, 6, 1), date(2030, 12, 31)))
def test_follow_ups_are_clamped_to_the_end_of_the_month_whatever_the_day(exit_on: date) -> None:
    scheduled = follow_up.schedule("p-1", 1, exit_on, tuple(Milestone), exit_on)
    assert [event.due_on for event in scheduled] == [months_later(exit_on, 3), months_later(exit_on, 6)]


ONE_WORKSHOP = {"workshop": st.just("w-1")}
WORKSHOP_COMMANDS = st.one_of(
    any_of(workshop.TakeSeat, **ONE_WORKSHOP), any_of(workshop.AttendWorkshop, **ONE_WORKSHOP), any_of(workshop.Command, **ONE_WORKSHOP)
)


@given(any_of(workshop.ScheduleWorkshop, **ONE_WORKSHOP), st.lists(WORKSHOP_COMMANDS, max_size=40))
@settings(max_examples=400, deadline=None)
def test_seats_never_exceed_the_capacity_and_every_attendance_has_a_seat_or_is_a_walk_in(first: Any, commands: list[Any]) -> None:
    seats: set[str] = set()
    resolved: set[str] = set()
    for event in run(workshop.decider, [first, *commands]):
        match event:
            case workshop.SeatTaken(person=person):
                assert person not in seats
                seats.add(person)
            case workshop.SeatReleased(person=person):
                seats.remove(person)
            case workshop.WorkshopAttended(person=person, walk_in=walk_in):
                assert (person in seats) is not walk_in
                assert person not in resolved
                resolved.add(person)
            case workshop.WorkshopMissed(person=person):
                assert person in seats - resolved
                resolved.add(person)
            case workshop.WorkshopClosed():
                assert seats <= resolved
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


@given(st.lists(any_of(survey.Command, token=ONE_OF(TICKETS)), max_size=10))
def test_at_most_one_answer_per_ticket_and_no_ticket_in_it(commands: list[Any]) -> None:
    for token in TICKETS:
        answers = run(survey.decider, [command for command in commands if command.token == token])
        assert len(answers) <= 1
        assert all(token.split(".")[3] not in str(answer) for answer in answers)


@given(histories())
@settings(max_examples=300, deadline=None)
def test_at_most_one_ticket_for_each_moment_of_an_exit(commands: list[Any]) -> None:
    exited: dict[int, date] = {}
    issued: set[tuple[int, str]] = set()
    for event in run(journey.decider, commands):
        match event:
            case exits.JourneyExited() | exits.ExitCorrected():
                exited[event.rank] = event.exit_on
            case survey_tickets.SurveyTicketIssued():
                assert (event.rank, event.moment) not in issued
                assert event.on >= exited[event.rank]
                issued.add((event.rank, event.moment))


@pytest.mark.parametrize("module", [journey, workshop, equipment, survey, progress, outcomes, exits, follow_up, renewal])
def test_every_event_has_its_day(module: Any) -> None:
    assert all("on" in event.__struct_fields__ for event in get_args(module.Event) or (module.Event,))
