"""A prescriber sends a person: received with consent, then accepted or declined, once."""

from datetime import date
from typing import Annotated, assert_never

from msgspec import Struct

from services.intake.coded_values import OrientationDeclineReason, PrescriberKind
from services.vocabulary.fields import Id, ShortText, ThematiqueId
from services.vocabulary.person_standing import NOBODY, Standing
from shared.command_fields import ActorOrganisation, CommandTerritory, FactDate
from shared.decider import Decider, unchanged
from shared.errors import Refused
from shared.placement import InTerritory, Place, WithPerson
from shared.trust.personal.marks import NOTE, Code, Identifier, Sealed

# Events: what happened -----------------------------------------------------------------------------------------------


class OrientationReceived(Struct, frozen=True, tag=True):
    """A prescriber sends a person, with their consent. `prescriber` is an organisation; `needs` are thematiques of data·inclusion."""

    orientation: Identifier
    person: Identifier
    prescriber: Identifier
    kind: PrescriberKind
    needs: list[Code]
    urgency: bool
    consent: bool
    on: date
    territory: Code | None = None  # where it was received; events of version 0.1 leave it to their envelope


class OrientationAccepted(Struct, frozen=True, tag=True):
    """The programme takes the person on, with this referent: the one that they have, if they are coached already."""

    orientation: Identifier
    person: Identifier
    prescriber: Identifier
    referent: Identifier
    on: date


class OrientationDeclined(Struct, frozen=True, tag=True):
    """The programme does not take the person on, and proposes another action to the prescriber."""

    orientation: Identifier
    person: Identifier
    prescriber: Identifier
    reason: OrientationDeclineReason
    proposed_action: Annotated[str | Sealed, NOTE]
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
    territory: str | None


class Answered(Struct, frozen=True):
    """Accepted or declined, once."""


State = NotReceived | Waiting | Answered
initial: State = NotReceived()


def evolve(state: State, event: Event) -> State:
    match event:
        case OrientationReceived(person=person, prescriber=prescriber, on=on, territory=territory):
            return Waiting(person, prescriber, on, territory)
        case OrientationAccepted() | OrientationDeclined():
            return Answered()
        case _:
            assert_never(event)


# Commands: what may be requested -------------------------------------------------------------------------------------


class ReceiveOrientation(Struct, frozen=True):
    orientation: Id
    person: Id
    kind: PrescriberKind
    needs: list[ThematiqueId]
    urgency: bool
    consent: bool
    on: FactDate
    organisation: ActorOrganisation
    territory: CommandTerritory
    standing: Standing = NOBODY


class AcceptOrientation(Struct, frozen=True):
    orientation: Id
    referent: Id
    on: FactDate
    territory: CommandTerritory
    standing: Standing = NOBODY


class DeclineOrientation(Struct, frozen=True):
    orientation: Id
    reason: OrientationDeclineReason
    proposed_action: Annotated[ShortText, NOTE]
    on: FactDate


Command = ReceiveOrientation | AcceptOrientation | DeclineOrientation


def stream(command: Command) -> str:
    return f"orientation-{command.orientation}"


def place(state: State, command: Command) -> Place:
    """An orientation is answered where it was received; it is accepted where the person is followed by now, if somewhere else."""
    if isinstance(state, Waiting) and isinstance(command, AcceptOrientation):
        return WithPerson(state.person)
    return InTerritory(state.territory) if isinstance(state, Waiting) and state.territory else None


def persons(state: State, command: Command) -> dict[str, str]:
    match state, command:
        case _, ReceiveOrientation(person=person):
            return {"standing": person}
        case Waiting(person=person), AcceptOrientation():
            return {"standing": person}
        case _:
            return {}


# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    match command:
        case ReceiveOrientation():
            return [receive(state, command)]
        case AcceptOrientation():
            return [accept(unanswered_orientation(state, command.on), command)]
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
    if not command.organisation:
        raise Refused("organisation_needed")
    if any(command.standing.closed_on(command.on)):  # why is not for a prescriber
        raise Refused("record_closed")
    return OrientationReceived(
        orientation=command.orientation,
        person=command.person,
        prescriber=command.organisation,
        kind=command.kind,
        needs=command.needs,
        urgency=command.urgency,
        consent=command.consent,
        on=command.on,
        territory=command.territory,
    )


def accept(received: Waiting, command: AcceptOrientation) -> OrientationAccepted:
    """Everything that would keep the journey from opening is asked here, so that no prescriber hears of a journey that never was."""
    standing = command.standing
    standing.check_settled(command.on)
    if standing.present != command.territory:
        raise Refused("followed_elsewhere")
    if standing.journey == "exited" and (standing.renewable_since is None or command.on < standing.renewable_since):
        raise Refused("renewal_needed")
    referent = standing.referent or command.referent  # who is coached already keeps the referent that they have
    return OrientationAccepted(command.orientation, received.person, received.prescriber, referent, command.on)


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


decider = Decider(
    "intake",
    commands=Command,
    events=Event,
    initial=initial,
    evolve=evolve,
    decide=decide,
    stream=stream,
    place=place,
    persons=persons,
    upcasts={"OrientationDeclined": (unchanged,)},
)
