"""The journeys of one person: never two open at once, over all territories, and one referent at a time (invariants 1 and 2 of the domain).

One stream per person, `journey-<person>`, with ranks 1, 2, … This aggregate includes six modules: progress.py and outcomes.py (during
the journey), exits.py (its end), follow_up.py, survey_tickets.py and renewal.py (after it).
"""

from datetime import date
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from services.coaching import exits, follow_up, outcomes, progress, renewal
from services.coaching.coded_values import HandoverReason
from services.coaching.progress import Journey
from services.coaching.survey_tickets import Issued, IssueSurveyTicket, SurveyTicketIssued, issue
from services.vocabulary.fields import Id, TerritoryId
from services.vocabulary.person_standing import NOBODY, Standing
from shared.command_fields import CommandTerritory, FactDate
from shared.decider import Decider
from shared.errors import Refused
from shared.placement import WithPerson

# Events: what happened -----------------------------------------------------------------------------------------------


class JourneyOpened(Struct, frozen=True, tag=True, kw_only=True):
    """A person commits to a journey. Rank 1 is the first; each renewal adds one."""

    person: str
    rank: int
    orientation: str | None
    territory: str
    on: date


class ReferentAssigned(Struct, frozen=True, tag=True, kw_only=True):
    """This coach is the referent of the whole journey."""

    person: str
    rank: int
    referent: str
    on: date


class ReferentReplaced(Struct, frozen=True, tag=True, kw_only=True):
    """Another coach becomes the referent, in one event: there is never a moment without a referent, or with two."""

    person: str
    rank: int
    former: str
    referent: str
    reason: HandoverReason
    on: date


class JourneyTransferred(Struct, frozen=True, tag=True, kw_only=True):
    """The same journey continues in another territory. What was counted before stays where it was (invariant 10 of the domain)."""

    person: str
    rank: int
    from_territory: str
    to_territory: str
    on: date


JourneyEvent = JourneyTransferred | progress.Event | outcomes.Event
AfterExitEvent = exits.ExitCorrected | exits.ExitNeutralised | renewal.Event | follow_up.Event | SurveyTicketIssued
Event = JourneyOpened | ReferentAssigned | ReferentReplaced | JourneyEvent | exits.JourneyExited | AfterExitEvent

# State: what is true -------------------------------------------------------------------------------------------------


class NeverCoached(Struct, frozen=True):
    """No journey yet."""


class Opening(Struct, frozen=True):
    """Between the two events of one decision: the journey is open, its referent follows."""

    journey: Journey


class Open(Struct, frozen=True):
    journey: Journey
    referent: str


class Exited(Struct, frozen=True):
    """The last journey has ended; `granted` is the day of a renewal that is not used yet."""

    journey: Journey
    exit: exits.Exit
    follow_ups: follow_up.FollowUps
    granted: renewal.Granted = None
    tickets: Issued = frozenset()


State = NeverCoached | Opening | Open | Exited
initial: State = NeverCoached()


def evolve(state: State, event: Event) -> State:
    match event:
        case JourneyOpened():
            return Opening(opened_journey(state, event))
        case ReferentAssigned(referent=referent) | ReferentReplaced(referent=referent):
            assert isinstance(state, Opening | Open)
            return Open(state.journey, referent)
        case exits.JourneyExited():
            assert isinstance(state, Open)
            return Exited(state.journey, exits.first_statement(event), {})
        case _ if isinstance(event, AfterExitEvent):
            assert isinstance(state, Exited)
            return evolve_after_exit(state, event)
        case _:
            assert isinstance(state, Open | Exited)
            return replace(state, journey=evolve_journey(state.journey, event))


def opened_journey(state: State, event: JourneyOpened) -> Journey:
    known = frozenset[str]() if isinstance(state, NeverCoached) else state.journey.known_outcomes
    return Journey(rank=event.rank, opened_on=event.on, territory=event.territory, orientation=event.orientation, known_outcomes=known)


def evolve_journey(journey: Journey, event: JourneyEvent) -> Journey:
    if isinstance(event, JourneyTransferred):
        return replace(journey, territory=event.to_territory)
    if isinstance(event, progress.Event):
        return progress.evolve(journey, event)
    return outcomes.evolve(journey, event)


def evolve_after_exit(state: Exited, event: AfterExitEvent) -> Exited:
    if isinstance(event, follow_up.Event):
        return replace(state, follow_ups=follow_up.evolve(state.follow_ups, event))
    if isinstance(event, renewal.Event):
        return replace(state, granted=renewal.evolve(state.granted, event))
    if isinstance(event, SurveyTicketIssued):
        return replace(state, tickets=state.tickets | {event.moment})
    return replace(state, exit=exits.evolve(state.exit, event))


# Commands: what may be requested -------------------------------------------------------------------------------------


class OpenJourney(Struct, frozen=True, kw_only=True):
    person: Id
    referent: Id
    orientation: Id | None = None
    on: FactDate
    territory: CommandTerritory
    standing: Standing = NOBODY


class ReplaceReferent(Struct, frozen=True, kw_only=True):
    person: Id
    referent: Id
    reason: HandoverReason
    on: FactDate


class TransferJourney(Struct, frozen=True, kw_only=True):
    person: Id
    to_territory: TerritoryId
    on: FactDate
    territory: CommandTerritory


DuringJourney = progress.Command | outcomes.Command
AfterExit = exits.CorrectExit | exits.NeutraliseExit | follow_up.Command | renewal.Command | IssueSurveyTicket
Command = OpenJourney | ReplaceReferent | TransferJourney | DuringJourney | exits.ExitJourney | AfterExit

# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    match command:
        case OpenJourney():
            return open_journey(state, command)
        case ReplaceReferent():
            return [replace_referent(open_journey_on(state, command.on), command)]
        case TransferJourney():
            return [transfer(open_journey_on(state, command.on), command)]
        case exits.ExitJourney():
            return [leave(open_journey_on(state, command.on), command)]
        case exits.CorrectExit():
            return correct(exited_journey(state), command)
        case exits.NeutraliseExit():
            over = exited_journey(state)
            return [exits.neutralise(over.journey, over.exit, command)]
        case renewal.GrantRenewal() | renewal.DenyRenewal():
            over = exited_journey(state)
            return [renewal.decide(over.journey.rank + 1, over.exit.on, over.granted, command)]
        case IssueSurveyTicket():
            over = exit_to_follow(state, command.rank)
            return [issue(over.exit, over.tickets, command)]
        case _ if isinstance(command, follow_up.Command):
            over = exit_to_follow(state, command.rank)
            return [*follow_up.decide(over.exit, over.follow_ups, command)]
        case _:
            return [during_journey(journey_open_on(state, command.on), command)]


def open_journey(state: State, command: OpenJourney) -> list[Event]:
    command.standing.check_met(command.on)
    match state:
        case NeverCoached():
            return opening_events(1, command)
        case Opening() | Open():
            raise Refused("journey_already_open")
        case Exited(journey=journey, follow_ups=follow_ups, granted=granted):
            if granted is None or command.on < max(granted, state.exit.on):
                raise Refused("renewal_not_granted")
            return [*follow_up.cancel(command.person, journey.rank, follow_ups, command.on), *opening_events(journey.rank + 1, command)]
        case _:
            assert_never(state)


def opening_events(rank: int, command: OpenJourney) -> list[Event]:
    person, on = command.person, command.on
    return [
        JourneyOpened(person=person, rank=rank, orientation=command.orientation, territory=command.territory, on=on),
        ReferentAssigned(person=person, rank=rank, referent=command.referent, on=on),
    ]


def replace_referent(state: Open, command: ReplaceReferent) -> ReferentReplaced:
    if command.referent == state.referent:
        raise Refused("already_the_referent")
    return ReferentReplaced(
        person=command.person,
        rank=state.journey.rank,
        former=state.referent,
        referent=command.referent,
        reason=command.reason,
        on=command.on,
    )


def transfer(state: Open, command: TransferJourney) -> JourneyTransferred:
    here = state.journey.territory
    if command.territory != command.to_territory:  # what stands in no territory of the programme is fetched in the name of the new one
        check_territory(state.journey, command.territory)
    if command.to_territory == here:
        raise Refused("already_in_the_territory")
    return JourneyTransferred(
        person=command.person, rank=state.journey.rank, from_territory=here, to_territory=command.to_territory, on=command.on
    )


def leave(state: Open, command: exits.ExitJourney) -> exits.JourneyExited:
    check_territory(state.journey, command.territory)
    return exits.leave(state.journey, command)


def check_territory(journey: Journey, territory: str) -> str:
    """The territory of the journey, if the actor speaks in its name: a right in one territory is no right in another."""
    if territory != journey.territory:
        raise Refused("journey_in_another_territory")
    return territory


def correct(state: Exited, command: exits.CorrectExit) -> list[Event]:
    """A new statement of the exit. If it changes the date, the pending follow-ups move with it."""
    correction = exits.correct(state.journey, state.exit, command)
    moved = follow_up.pending_milestones(state.follow_ups) if command.exit_on != state.exit.on else []
    return [correction, *follow_up.schedule(command.person, state.journey.rank, command.exit_on, moved, command.on)]


def during_journey(journey: Journey, command: DuringJourney) -> Event:
    return progress.decide(journey, command) if isinstance(command, progress.Command) else outcomes.decide(journey, command)


def open_journey_on(state: State, on: date) -> Open:
    if not isinstance(state, Open):
        raise Refused("journey_not_open")
    progress.check_opened_by(state.journey, on)
    return state


def journey_open_on(state: State, on: date) -> Journey:
    """The journey that was open that day. What is learnt after the exit may still be recorded at its own date."""
    if not isinstance(state, Open | Exited) or (isinstance(state, Exited) and on > state.exit.on):
        raise Refused("journey_not_open")
    progress.check_opened_by(state.journey, on)
    return state.journey


def exited_journey(state: State) -> Exited:
    if not isinstance(state, Exited):
        raise Refused("journey_not_exited")
    return state


def exit_to_follow(state: State, rank: int) -> Exited:
    """The exit that a follow-up is about: the last one, until a renewal opens."""
    if not isinstance(state, NeverCoached) and rank < state.journey.rank:
        raise Refused("journey_reopened")
    over = exited_journey(state)
    if rank > over.journey.rank:
        raise Refused("journey_not_exited")
    return over


decider = Decider(
    "coaching",
    commands=Command,
    events=Event,
    initial=initial,
    evolve=evolve,
    decide=decide,
    stream=lambda command: f"journey-{command.person}",
    place=lambda state, command: WithPerson(command.person),
    persons=lambda state, command: {"standing": command.person} if isinstance(command, OpenJourney) else {},
)
