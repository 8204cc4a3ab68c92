"""The recorded events obey the invariants, whatever commands arrive, in any order.

The laws read only the recorded events, never the state of the aggregates.
"""

from calendar import monthrange
from collections import Counter
from datetime import date, timedelta
from functools import reduce
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import event as tally
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from services.coaching import (
    equipment,
    exits,
    follow_up,
    handover,
    journey,
    opening,
    outcomes,
    progress,
    renewal,
    survey,
    workshop,
)
from services.coaching.coded_values import Constraint, CorrectionReason, ExitReason, Milestone, NeutralReason
from services.vocabulary.thematiques import LABELS
from shared.decider import Decider
from shared.errors import Refused
from tests.harness.specification import stored
from tests.unit.coaching.journeys import EXIT, FIND_JOB, GRANT, OPEN, RENEW, SCHEDULE

ONE_OF = st.sampled_from
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
    "why": ONE_OF(list(CorrectionReason)),
    "referent": ONE_OF(["coach-1", "coach-2"]),
    "constraints": st.dictionaries(ONE_OF(sorted(LABELS)[:3]), ONE_OF([Constraint.OUI, Constraint.CLOTUREE]), max_size=2),
}


def any_of(commands: Any, **fixed: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Commands of every type, with few values, so that they often concern the same things."""
    types = get_args(commands) or (commands,)
    values = {**SHARED, **fixed}
    return st.one_of([st.builds(each, **fields_of(each, values)) for each in types])


def fields_of(command: type[Any], values: dict[str, SearchStrategy[Any]]) -> dict[str, SearchStrategy[Any]]:
    """A value for each field that has one here; a field that may be left out often is."""
    known = {field.name: field.required for field in msgspec.structs.fields(command) if field.name in values}
    return {name: values[name] if required else st.none() | values[name] for name, required in known.items()}


ONE_PERSON = {"person": st.just("p-1")}
JOURNEY_COMMANDS = st.one_of(
    any_of(opening.OpenJourney, **ONE_PERSON),
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
            case opening.JourneyOpened(rank=rank):
                open_ranks.append(rank)
            case opening.ReferentAssigned(referent=referent):
                referents.append(referent)
            case handover.ReferentReplaced(former=former, referent=referent):
                referents.remove(former)
                referents.append(referent)
            case exits.JourneyExited(rank=rank):
                open_ranks.remove(rank)
                referents.clear()
        assert len(open_ranks) <= 1
        assert len(referents) == len(open_ranks) or isinstance(event, opening.JourneyOpened)


@given(histories())
@settings(max_examples=300, deadline=None)
def test_each_further_rank_is_the_next_one_and_needs_a_grant_after_an_exit(commands: list[Any]) -> None:
    granted: list[int] = []
    opened: dict[int, date] = {}
    exited: dict[int, date] = {}
    rank = 0
    for event in run(journey.decider, commands):
        match event:
            case opening.JourneyOpened():
                assert event.rank == rank + 1
                if event.rank > 1:
                    granted.remove(event.rank)
                    assert event.on >= exited[rank]
                rank = event.rank
                opened[rank] = event.on
            case exits.JourneyExited() | exits.ExitCorrected():
                exited[event.rank] = event.exit_on
                assert event.exit_on <= opened.get(event.rank + 1, date.max)
            case renewal.RenewalGranted():
                granted.append(event.rank)
            case renewal.RenewalDenied():
                granted.clear()
        assert event.rank <= rank or isinstance(event, renewal.Event)


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
            case opening.JourneyOpened():
                opened[event.rank] = event.on
            case exits.JourneyExited() | exits.ExitCorrected():
                assert recorded is not None
                assert opened[event.rank] <= event.exit_on <= recorded
                assert (event.reason is ExitReason.OUTCOME) == bool(event.outcomes)
                assert reached.get(event.rank, set()) >= set(event.outcomes)
                assert getattr(event, "supersedes", 0) == statements[event.rank]
                statements[event.rank] += 1
            case _ if isinstance(event, outcomes.Reached):
                for known in reached.values():
                    known.discard(event.outcome)
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
def test_the_follow_ups_to_do_are_those_that_the_exits_the_renewals_and_a_death_leave(commands: list[Any]) -> None:
    to_do: dict[int, dict[Milestone, date]] = {}
    done: dict[int, set[Milestone]] = {}
    opened: dict[int, date] = {}
    exit_on: dict[int, date] = {}
    neutralised: dict[int, NeutralReason] = {}
    for event in run(journey.decider, commands):
        match event:
            case opening.JourneyOpened():
                opened[event.rank] = event.on
            case exits.JourneyExited() | exits.ExitCorrected():
                exit_on[event.rank] = event.exit_on
            case exits.ExitNeutralised():
                neutralised[event.rank] = event.reason
            case exits.NeutralisationLifted():
                del neutralised[event.rank]
            case follow_up.FollowUpScheduled():
                assert event.window_end - event.due_on == timedelta(days=30)
                to_do.setdefault(event.rank, {})[event.milestone] = event.due_on
            case follow_up.FollowUpCompleted():
                assert event.on >= to_do[event.rank].pop(event.milestone) - timedelta(days=15)
                done.setdefault(event.rank, set()).add(event.milestone)
            case follow_up.FollowUpUnreachable():
                assert event.milestone in to_do[event.rank]
            case follow_up.FollowUpCancelled():
                del to_do[event.rank][event.milestone]
    dead = NeutralReason.DECES in neutralised.values()
    for rank, milestones in to_do.items():
        due = {each: months_later(exit_on[rank], MONTHS[each]) for each in Milestone if each not in done.get(rank, set())}
        renewed_on = opened.get(rank + 1, date.max)
        expected = {} if dead or rank in neutralised else {each: day for each, day in due.items() if day <= renewed_on}
        assert milestones == expected


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


@given(st.lists(any_of(survey.Command, token=ONE_OF(["t-1", "t-2"])), max_size=10))
def test_at_most_one_answer_per_token_and_no_token_in_it(commands: list[Any]) -> None:
    for token in ("t-1", "t-2"):
        answers = run(survey.decider, [command for command in commands if command.token == token])
        assert len(answers) <= 1
        assert all(token not in str(answer) for answer in answers)


@pytest.mark.parametrize("module", [journey, workshop, equipment, survey, progress, outcomes, exits, follow_up, renewal])
def test_every_event_has_its_day(module: Any) -> None:
    assert all("on" in event.__struct_fields__ for event in get_args(module.Event) or (module.Event,))
