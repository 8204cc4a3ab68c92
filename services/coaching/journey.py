"""The journeys of one person: never two open at once, over all territories, and one referent at a time (invariants 1 and 2 of the domain).

One stream per person, `journey-<person>`, with ranks 1, 2, … This aggregate includes nine modules: opening.py and handover.py (who
follows it, where), progress.py and outcomes.py (what happens), exits.py (its end), follow_up.py, survey_tickets.py and renewal.py (after
it), and ranks.py, its state. Inside one journey dates are ordered: what ends, returns or is undone is not dated before what it follows.
"""

from collections.abc import Mapping
from datetime import date
from functools import reduce

from msgspec.structs import replace

from services.coaching import exits, follow_up, handover, opening, outcomes, progress, ranks, renewal
from services.coaching.coded_values import Milestone
from services.coaching.progress import Journey
from services.coaching.ranks import Exited, Ranks
from services.coaching.survey_tickets import IssueSurveyTicket, SurveyTicketIssued, issue
from services.vocabulary.person_standing import CLOSURES, DECEASED, MERGED
from shared.decider import Decider, unchanged
from shared.errors import Refused
from shared.placement import WithPerson

AfterExitEvent = follow_up.Event | SurveyTicketIssued
JourneyEvent = handover.Event | progress.Event | outcomes.Event
Event = opening.Event | JourneyEvent | exits.Event | AfterExitEvent | renewal.Event

# State: what is true -------------------------------------------------------------------------------------------------

initial = Ranks()


def evolve(state: Ranks, event: Event) -> Ranks:
    match event:
        case opening.JourneyOpened():
            return replace(state, ongoing=opening.opened(event), renewal=None)
        case opening.ReferentAssigned():
            assert state.ongoing is not None
            return replace(state, ongoing=opening.assigned(state.ongoing, event))
        case opening.OrientationJoined():
            assert state.ongoing is not None
            return replace(state, ongoing=opening.joined(state.ongoing, event))
        case exits.JourneyExited():
            assert state.ongoing is not None
            return replace(state, ongoing=None, exited=(*state.exited, Exited(state.ongoing, exits.first_statement(event), {})))
        case renewal.RenewalGranted() | renewal.RenewalDenied():
            return replace(state, renewal=renewal.decision_of(event))
        case _ if isinstance(event, exits.Restatement | AfterExitEvent):
            return state.with_exited(evolve_exited(state.exited[event.rank - 1], event))
        case _:
            return state.with_journey(evolve_journey(state.journeys[event.rank - 1], event))


def evolve_exited(over: Exited, event: exits.Restatement | AfterExitEvent) -> Exited:
    if isinstance(event, SurveyTicketIssued):
        return replace(over, tickets=over.tickets | {event.moment})
    if isinstance(event, follow_up.Event):
        return replace(over, follow_ups=follow_up.evolve(over.follow_ups, event))
    return replace(over, exit=exits.evolve(over.exit, event))


def evolve_journey(journey: Journey, event: JourneyEvent) -> Journey:
    if isinstance(event, handover.Event):
        return handover.evolve(journey, event)
    if isinstance(event, progress.Event):
        return progress.evolve(journey, event)
    return outcomes.evolve(journey, event)


# Decisions: what follows ---------------------------------------------------------------------------------------------

AfterExit = follow_up.Command | renewal.Command | IssueSurveyTicket
Command = opening.Command | handover.Command | progress.Command | outcomes.Command | exits.Command | AfterExit


def although(command: Command) -> frozenset[str]:
    """The closures of a record that do not keep a command from being decided.

    What follows an exit is still to be done when the record is merged meanwhile. An erased one is left, and its exits are stated right.
    What is true of somebody who died, this aggregate knows better: the outcomes that they had reached before.
    """
    match command:
        case exits.ExitJourney() | follow_up.ScheduleFollowUps() | follow_up.RecordUnreachable():
            return CLOSURES
        case exits.CorrectExit() | exits.NeutraliseExit() | exits.LiftNeutralisation():
            return CLOSURES
        case IssueSurveyTicket():
            return frozenset({MERGED})
        case _ if isinstance(command, outcomes.Command | follow_up.Command):
            return frozenset({MERGED, DECEASED})
        case _:
            return frozenset()


def decide(state: Ranks, command: Command) -> list[Event]:
    match command:
        case opening.OpenJourney():
            return open_journey(state, command)
        case opening.JoinOrientation():
            state.check_orientation_new(command.orientation)
            return [opening.join(state.ongoing, command)]
        case exits.ExitJourney():
            return leave(state, command)
        case follow_up.ScheduleFollowUps():
            return schedule_follow_ups(state, command)
        case follow_up.CompleteFollowUp() | follow_up.RecordUnreachable():
            return [attempt(state, command)]
        case IssueSurveyTicket():
            return [issue_ticket(state, command)]
        case renewal.GrantRenewal() | renewal.DenyRenewal():
            return [decide_renewal(state, command)]
        case _ if isinstance(command, exits.RestatementCommand):
            return restate(state, command)
        case _ if isinstance(command, handover.Command):
            return [handover.decide(ranks.open_journey(state, command.on), command)]
        case _ if isinstance(command, progress.Command):
            return [progress.decide(ranks.journey_open_on(state, command.on), command)]
        case _:
            return reach(state, command)


def open_journey(state: Ranks, command: opening.OpenJourney) -> list[Event]:
    command.standing.check_settled(command.on)
    state.check_orientation_new(command.orientation)
    if state.ongoing is not None:
        raise Refused("journey_already_open")
    opened = opening.first_events(len(state.exited) + 1, command)
    if state.exited:
        check_renewal(state, command.on)
    return [*settled(state, reduce(evolve, opened, state), command), *opened]


def check_renewal(state: Ranks, on: date) -> None:
    check_alive(state)
    decision = state.renewal
    if decision is None or not decision.granted or on < max(decision.on, state.exited[-1].exit.on):
        raise Refused("renewal_not_granted")


def decide_renewal(state: Ranks, command: renewal.Command) -> Event:
    if state.ongoing is not None:
        raise Refused("journey_not_exited")
    over = ranks.exited_journey(state, None)
    check_alive(state)
    return renewal.decide(over.journey.rank + 1, over.exit.on, state.renewal, command)


def leave(state: Ranks, command: exits.ExitJourney) -> list[Event]:
    """The exit, and its neutralisation if its reason is one."""
    journey = ranks.open_journey(state, command.on)
    handover.check_territory(journey, command.territory)
    exited = exits.leave(journey, command)
    events: list[Event] = [exited, *exits.neutralise_by_reason(exited)]
    return [*events, *settled(state, reduce(evolve, events, state), command)]


def restate(state: Ranks, command: exits.RestatementCommand) -> list[Event]:
    """What is said of an exit afterwards: it is corrected, neutralised or counts again, and its follow-ups with it."""
    over = ranks.exited_journey(state, command.rank)
    renewed_on = ranks.next_opening(state, over.journey.rank)
    events = exits.decide(over.journey, over.exit, renewed_on, command)
    after = reduce(evolve, events, state)
    if renewed_on is not None and ranks.exited_journey(after, over.journey.rank).exit.deceased:
        raise Refused("journey_reopened")
    return [*events, *settled(state, after, command)]


def reach(state: Ranks, command: outcomes.Command) -> list[Event]:
    """An outcome, in a journey or after its exit."""
    journey = ranks.journey_opened_by(state, command.on)
    if state.deceased and journey.rank == len(state.exited) and state.exited[-1].exit.died_before(command.on):
        raise Refused("person_deceased")
    holder = next((each for each in state.journeys if command.outcome in each.outcomes), None)
    events = outcomes.decide(journey, holder, command)
    for over in reduce(evolve, events, state).exited:
        exits.check_named(over.journey, over.exit, command.outcome)
    return [*events]


def schedule_follow_ups(state: Ranks, command: follow_up.ScheduleFollowUps) -> list[Event]:
    over = ranks.exited_journey(state, command.rank)
    exits.check_not_neutralised(over.exit)
    check_alive(state)
    return [*follow_up.schedule(over.exit, over.follow_ups, due_dates(state, command.rank), command)]


def attempt(state: Ranks, command: follow_up.Attempt) -> Event:
    over = ranks.exited_journey(state, command.rank)
    exits.check_not_neutralised(over.exit)
    check_alive(state)
    return follow_up.attempt(over.follow_ups, ranks.next_opening(state, command.rank) is not None, command)


def issue_ticket(state: Ranks, command: IssueSurveyTicket) -> SurveyTicketIssued:
    if ranks.next_opening(state, command.rank) is not None:
        raise Refused("journey_reopened")
    over = ranks.exited_journey(state, command.rank)
    return issue(over.exit, over.tickets, command)


def check_alive(state: Ranks) -> None:
    if state.deceased:
        raise Refused("person_deceased")


def due_dates(state: Ranks, rank: int) -> Mapping[Milestone, date]:
    """When the follow-ups of a rank are to be done: none of a neutralised exit or a deceased person, nor those that a renewal precedes."""
    over = state.exited[rank - 1]
    if over.exit.neutralised is not None or state.deceased:
        return {}
    return follow_up.due_dates(over.exit.on, ranks.next_opening(state, rank))


def settled(before: Ranks, after: Ranks, command: Command) -> list[follow_up.Event]:
    """What a decision changes in the follow-ups of the exits before it. Those not scheduled yet are left to the policy that does so."""
    changes: list[follow_up.Event] = []
    for rank, over in enumerate(before.exited, 1):
        earlier, later = due_dates(before, rank), due_dates(after, rank)
        if earlier != later and (over.follow_ups or not earlier):
            changes += follow_up.settle(command.person, rank, over.follow_ups, later, command.on)
    return changes


decider = Decider(
    "coaching",
    commands=Command,
    events=Event,
    initial=initial,
    evolve=evolve,
    decide=decide,
    stream=lambda command: f"journey-{command.person}",
    place=lambda state, command: WithPerson(command.person, although(command)),
    persons=lambda state, command: {"standing": command.person} if isinstance(command, opening.OpenJourney) else {},
    upcasts={"RenewalDenied": (unchanged,)},
)
