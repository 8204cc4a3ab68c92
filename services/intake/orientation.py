"""A prescriber sends a person: received with consent, then accepted or declined, once."""

from datetime import date
from typing import assert_never

from msgspec import Struct

from services.intake.coded_values import DeclineReason, PrescriberKind
from services.vocabulary.fields import Id, ShortText
from services.vocabulary.thematiques import check_thematiques
from shared.command_fields import ActorOrganisation, FactDate
from shared.decider import Decider
from shared.errors import Refused

# Events: what happened -----------------------------------------------------------------------------------------------


class OrientationReceived(Struct, frozen=True, tag=True):
    """A prescriber sends a person, with their consent. `prescriber` is an organisation; `needs` are thematiques of data·inclusion."""

    orientation: str
    person: str
    prescriber: str
    kind: PrescriberKind
    needs: list[str]
    urgency: bool
    consent: bool
    on: date


class OrientationAccepted(Struct, frozen=True, tag=True):
    """The programme takes the person on, with this referent."""

    orientation: str
    person: str
    prescriber: str
    referent: str
    on: date


class OrientationDeclined(Struct, frozen=True, tag=True):
    """The programme does not take the person on, and proposes another action to the prescriber."""

    orientation: str
    person: str
    prescriber: str
    reason: DeclineReason
    proposed_action: str
    on: date


Event = OrientationReceived | OrientationAccepted | OrientationDeclined

# State: what is true -------------------------------------------------------------------------------------------------


class NotReceived(Struct, frozen=True):
    """No such orientation yet."""


class Waiting(Struct, frozen=True):
    """Received on the day `since`, and not answered yet."""

    person: str
    prescriber: str
    since: date


class Answered(Struct, frozen=True):
    """Accepted or declined, once."""


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


# Commands: what may be requested -------------------------------------------------------------------------------------


class ReceiveOrientation(Struct, frozen=True):
    orientation: Id
    person: Id
    kind: PrescriberKind
    needs: list[str]
    urgency: bool
    consent: bool
    on: FactDate
    organisation: ActorOrganisation


class AcceptOrientation(Struct, frozen=True):
    orientation: Id
    referent: Id
    on: FactDate


class DeclineOrientation(Struct, frozen=True):
    orientation: Id
    reason: DeclineReason
    proposed_action: ShortText
    on: FactDate


Command = ReceiveOrientation | AcceptOrientation | DeclineOrientation


def stream(command: Command) -> str:
    return f"orientation-{command.orientation}"


# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    match command:
        case ReceiveOrientation():
            return [receive(state, command)]
        case AcceptOrientation():
            received = unanswered_orientation(state, command.on)
            return [OrientationAccepted(command.orientation, received.person, received.prescriber, command.referent, command.on)]
        case DeclineOrientation():
            received = unanswered_orientation(state, command.on)
            reason, action = command.reason, command.proposed_action
            return [OrientationDeclined(command.orientation, received.person, received.prescriber, reason, action, command.on)]
        case _:
            assert_never(command)


def receive(state: State, command: ReceiveOrientation) -> OrientationReceived:
    if not isinstance(state, NotReceived):
        raise Refused("orientation_already_received")
    if not command.consent:
        raise Refused("consent_needed")
    check_thematiques(command.needs)
    return OrientationReceived(
        command.orientation, command.person, command.organisation, command.kind, command.needs, command.urgency, command.consent, command.on
    )


def unanswered_orientation(state: State, on: date) -> Waiting:
    """The orientation, if an answer of that day can follow: it was received by then and has no answer yet."""
    match state:
        case NotReceived():
            raise Refused("orientation_unknown")
        case Answered():
            raise Refused("orientation_already_answered")
        case Waiting(since=since) if on < since:
            raise Refused("before_the_orientation")
        case _:
            return state


decider = Decider("intake", commands=Command, events=Event, initial=initial, evolve=evolve, decide=decide, stream=stream)
