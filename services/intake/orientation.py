"""A prescriber sends a person: received with consent, then accepted or declined, once."""

from datetime import date
from typing import Literal, assert_never

from data_inclusion.schema.v1 import Thematique
from msgspec import Struct

from services.intake.words import Id, Text
from shared.decider import Decider
from shared.errors import Refused

Kind = Literal["FRANCE_TRAVAIL", "MISSION_LOCALE", "CAP_EMPLOI", "CCAS", "DEPARTEMENT", "ASSOCIATION", "SPIP", "SANTE", "AUTRE"]
Reason = Literal["HORS_QPV", "NON_ELIGIBLE", "DEJA_SUIVI", "INJOIGNABLE", "REFUS", "AUTRE"]

THEMATIQUES = frozenset(thematique.value for thematique in Thematique)

# Events: what happened ---------------------------------------------------------------------------------------------


class OrientationReceived(Struct, frozen=True, tag=True):
    orientation: str
    person: str
    prescriber: str
    kind: Kind
    needs: list[str]
    urgency: bool
    consent: bool
    on: date


class OrientationAccepted(Struct, frozen=True, tag=True):
    orientation: str
    person: str
    prescriber: str
    referent: str
    on: date


class OrientationDeclined(Struct, frozen=True, tag=True):
    orientation: str
    person: str
    prescriber: str
    reason: Reason
    proposed_action: str
    on: date


Event = OrientationReceived | OrientationAccepted | OrientationDeclined

# State: what is true -----------------------------------------------------------------------------------------------


class NotReceived(Struct, frozen=True):
    pass


class Waiting(Struct, frozen=True):
    person: str
    prescriber: str
    since: date


class Answered(Struct, frozen=True):
    pass


State = NotReceived | Waiting | Answered
initial: State = NotReceived()


def evolve(state: State, event: Event) -> State:
    match event:
        case OrientationReceived(person=person, prescriber=prescriber, on=on):
            return Waiting(person, prescriber, on)
        case OrientationAccepted() | OrientationDeclined():
            return Answered()
        case _:
            assert_never(event)


# Commands: what is asked -------------------------------------------------------------------------------------------


class ReceiveOrientation(Struct, frozen=True):
    orientation: Id
    person: Id
    kind: Kind
    needs: list[str]
    urgency: bool
    consent: bool
    on: date
    organisation: str


class AcceptOrientation(Struct, frozen=True):
    orientation: Id
    referent: Id
    on: date


class DeclineOrientation(Struct, frozen=True):
    orientation: Id
    reason: Reason
    proposed_action: Text
    on: date


Command = ReceiveOrientation | AcceptOrientation | DeclineOrientation


def stream(command: Command) -> str:
    return f"orientation-{command.orientation}"


# Decisions: what follows -------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    match command:
        case ReceiveOrientation():
            return [receive(state, command)]
        case AcceptOrientation():
            asked = waiting(state, command.on)
            return [OrientationAccepted(command.orientation, asked.person, asked.prescriber, command.referent, command.on)]
        case DeclineOrientation():
            asked = waiting(state, command.on)
            reason, action = command.reason, command.proposed_action
            return [OrientationDeclined(command.orientation, asked.person, asked.prescriber, reason, action, command.on)]
        case _:
            assert_never(command)


def receive(state: State, command: ReceiveOrientation) -> OrientationReceived:
    if not isinstance(state, NotReceived):
        raise Refused("orientation_already_received", "This orientation is received already.")
    if not command.consent:
        raise Refused("consent_needed", "A person is sent with their consent, or not at all.")
    if strangers := sorted(set(command.needs) - THEMATIQUES):
        raise Refused("unknown_thematique", f"Not thematiques of data·inclusion: {', '.join(strangers)}.")
    return OrientationReceived(
        command.orientation, command.person, command.organisation, command.kind, command.needs, command.urgency, command.consent, command.on
    )


def waiting(state: State, on: date) -> Waiting:
    match state:
        case NotReceived():
            raise Refused("orientation_unknown", "No such orientation was received.")
        case Answered():
            raise Refused("orientation_already_answered", "This orientation has its answer.")
        case Waiting(since=since) if on < since:
            raise Refused("before_the_orientation", "Nobody answers an orientation before it is received.")
        case _:
            return state


decider = Decider("intake", commands=Command, events=Event, initial=initial, evolve=evolve, decide=decide, stream=stream)
