"""The journeys of one person: never two open at once, over all territories, and exactly one referent for the whole way.

One stream per person, `journey-<person>`, ranks 1, 2, … Five pages hold what this one composes: progress.py and outcomes.py
(along the way), exits.py (how it ends), follow_up.py and renewal.py (what comes after).
"""

from datetime import date
from typing import Literal, assert_never

from msgspec import Struct
from msgspec.structs import replace

from services.coaching import exits, follow_up, outcomes, progress, renewal
from services.coaching.progress import Journey
from services.coaching.words import Id
from shared.decider import Decider
from shared.errors import Refused

Handover = Literal["ABSENCE", "DEPART", "DEMANDE", "TERRITOIRE"]

# Events: what happened ---------------------------------------------------------------------------------------------


class JourneyOpened(Struct, frozen=True, tag=True, kw_only=True):
    """A person commits to a journey. Rank 1 is the first; each renewal adds one."""

    person: str
    rank: int
    orientation: str | None
    territory: str
    on: date


class ReferentAssigned(Struct, frozen=True, tag=True, kw_only=True):
    """The one coach who answers for the whole way."""

    person: str
    rank: int
    referent: str
    on: date


class ReferentReplaced(Struct, frozen=True, tag=True, kw_only=True):
    """Another coach takes over, in one step: there is no moment without a referent, nor with two."""

    person: str
    rank: int
    former: str
    referent: str
    reason: Handover
    on: date


class JourneyTransferred(Struct, frozen=True, tag=True, kw_only=True):
    """The same journey goes on in another territory. What was counted before stays where it was."""

    person: str
    rank: int
    from_territory: str
    to_territory: str
    on: date


AlongTheWay = JourneyTransferred | progress.Event | outcomes.Event
AfterTheExit = exits.ExitCorrected | exits.ExitNeutralised | renewal.Event | follow_up.Event
Event = JourneyOpened | ReferentAssigned | ReferentReplaced | AlongTheWay | exits.JourneyExited | AfterTheExit

# State: what is true -----------------------------------------------------------------------------------------------


class NeverCoached(Struct, frozen=True):
    pass


class Opening(Struct, frozen=True):
    """Between the two events of one decision: opened, its referent named next."""

    journey: Journey


class Open(Struct, frozen=True):
    journey: Journey
    referent: str


class Exited(Struct, frozen=True):
    journey: Journey
    exit: exits.Exit
    follow_ups: follow_up.FollowUps
    granted: renewal.Granted = None


State = NeverCoached | Opening | Open | Exited
initial: State = NeverCoached()


def evolve(state: State, event: Event) -> State:
    match event:
        case JourneyOpened():
            return Opening(begun(state, event))
        case ReferentAssigned(referent=referent) | ReferentReplaced(referent=referent):
            assert isinstance(state, Opening | Open)
            return Open(state.journey, referent)
        case exits.JourneyExited():
            assert isinstance(state, Open)
            return Exited(state.journey, exits.begun(event), {})
        case _ if isinstance(event, AfterTheExit):
            assert isinstance(state, Exited)
            return after_the_exit(state, event)
        case _:
            assert isinstance(state, Open | Exited)
            return replace(state, journey=along_the_way(state.journey, event))


def begun(state: State, event: JourneyOpened) -> Journey:
    known = frozenset[str]() if isinstance(state, NeverCoached) else state.journey.known_outcomes
    return Journey(rank=event.rank, opened_on=event.on, territory=event.territory, orientation=event.orientation, known_outcomes=known)


def along_the_way(journey: Journey, event: AlongTheWay) -> Journey:
    if isinstance(event, JourneyTransferred):
        return replace(journey, territory=event.to_territory)
    if isinstance(event, progress.Event):
        return progress.evolve(journey, event)
    return outcomes.evolve(journey, event)


def after_the_exit(state: Exited, event: AfterTheExit) -> Exited:
    if isinstance(event, follow_up.Event):
        return replace(state, follow_ups=follow_up.evolve(state.follow_ups, event))
    if isinstance(event, renewal.Event):
        return replace(state, granted=renewal.evolve(state.granted, event))
    return replace(state, exit=exits.evolve(state.exit, event))


# Commands: what is asked -------------------------------------------------------------------------------------------


class OpenJourney(Struct, frozen=True, kw_only=True):
    person: Id
    referent: Id
    orientation: Id | None = None
    on: date
    territory: str


class ReplaceReferent(Struct, frozen=True, kw_only=True):
    person: Id
    referent: Id
    reason: Handover
    on: date


class TransferJourney(Struct, frozen=True, kw_only=True):
    person: Id
    to_territory: Id
    on: date
    territory: str


Onward = progress.Command | outcomes.Command
Command = OpenJourney | ReplaceReferent | TransferJourney | Onward | exits.Command | follow_up.Command | renewal.Command

# Decisions: what follows -------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    match command:
        case OpenJourney():
            return open_journey(state, command)
        case ReplaceReferent():
            return [hand_over(still_open(state, command.on), command)]
        case TransferJourney():
            return [transfer(still_open(state, command.on), command)]
        case exits.ExitJourney():
            return [leave(still_open(state, command.on), command)]
        case exits.CorrectExit():
            return correct(exited(state), command)
        case exits.NeutraliseExit():
            over = exited(state)
            return [exits.neutralise(over.journey, over.exit, command)]
        case renewal.GrantRenewal() | renewal.DenyRenewal():
            over = exited(state)
            return [renewal.decide(over.journey.rank + 1, over.exit.on, over.granted, command)]
        case _ if isinstance(command, follow_up.Command):
            over = followed(state, command.rank)
            return [*follow_up.decide(over.exit, over.follow_ups, command)]
        case _:
            return [onward(under_way(state, command.on), command)]


def open_journey(state: State, command: OpenJourney) -> list[Event]:
    match state:
        case NeverCoached():
            return opening(1, command)
        case Opening() | Open():
            raise Refused("journey_already_open", "This person has an open journey, here or in another territory.")
        case Exited(journey=journey, follow_ups=follow_ups, granted=granted):
            if granted is None or command.on < max(granted, state.exit.on):
                raise Refused("renewal_not_granted", "A further journey opens after the exit, by a granted renewal.")
            return [*follow_up.cancel(command.person, journey.rank, follow_ups, command.on), *opening(journey.rank + 1, command)]
        case _:
            assert_never(state)


def opening(rank: int, command: OpenJourney) -> list[Event]:
    person, on = command.person, command.on
    return [
        JourneyOpened(person=person, rank=rank, orientation=command.orientation, territory=command.territory, on=on),
        ReferentAssigned(person=person, rank=rank, referent=command.referent, on=on),
    ]


def hand_over(state: Open, command: ReplaceReferent) -> ReferentReplaced:
    if command.referent == state.referent:
        raise Refused("already_the_referent", "This coach is the referent already.")
    return ReferentReplaced(
        person=command.person,
        rank=state.journey.rank,
        former=state.referent,
        referent=command.referent,
        reason=command.reason,
        on=command.on,
    )


def transfer(state: Open, command: TransferJourney) -> JourneyTransferred:
    here = at_home(state.journey, command.territory)
    if command.to_territory == here:
        raise Refused("already_in_the_territory", "The journey is in this territory already.")
    return JourneyTransferred(
        person=command.person, rank=state.journey.rank, from_territory=here, to_territory=command.to_territory, on=command.on
    )


def leave(state: Open, command: exits.ExitJourney) -> exits.JourneyExited:
    at_home(state.journey, command.territory)
    return exits.leave(state.journey, command)


def at_home(journey: Journey, territory: str) -> str:
    """The journey's territory, when it is the one in whose name the actor speaks: a right here is no right elsewhere."""
    if territory != journey.territory:
        raise Refused("journey_in_another_territory", "This journey is followed in another territory.")
    return territory


def correct(state: Exited, command: exits.CorrectExit) -> list[Event]:
    """A new statement; when it moves the exit, the follow-ups that are still awaited move with it."""
    correction = exits.correct(state.journey, state.exit, command)
    moved = follow_up.pending(state.follow_ups) if command.exit_on != state.exit.on else []
    return [correction, *follow_up.schedule(command.person, state.journey.rank, command.exit_on, moved, command.on)]


def onward(journey: Journey, command: Onward) -> Event:
    return progress.decide(journey, command) if isinstance(command, progress.Command) else outcomes.decide(journey, command)


def still_open(state: State, on: date) -> Open:
    if not isinstance(state, Open):
        raise Refused("journey_not_open", "This person has no open journey.")
    progress.check_begun(state.journey, on)
    return state


def under_way(state: State, on: date) -> Journey:
    """The journey that was open that day: what is learnt late, after the exit, may still be recorded at its own date."""
    if not isinstance(state, Open | Exited) or (isinstance(state, Exited) and on > state.exit.on):
        raise Refused("journey_not_open", "This person had no open journey that day.")
    progress.check_begun(state.journey, on)
    return state.journey


def exited(state: State) -> Exited:
    if not isinstance(state, Exited):
        raise Refused("journey_not_exited", "This person has no journey that has ended and was not renewed.")
    return state


def followed(state: State, rank: int) -> Exited:
    """The exit that a follow-up is about: the last one, until a renewal opens."""
    if not isinstance(state, NeverCoached) and rank < state.journey.rank:
        raise Refused("journey_reopened", "A renewal opened: the follow-ups of the former journey are no longer due.")
    over = exited(state)
    if rank > over.journey.rank:
        raise Refused("journey_not_exited", "This person has no journey of this rank that has ended.")
    return over


decider = Decider(
    "coaching",
    commands=Command,
    events=Event,
    initial=initial,
    evolve=evolve,
    decide=decide,
    stream=lambda command: f"journey-{command.person}",
)
