"""A person met by the programme: identified, informed, assessed, and closed or coached.

The log identifies the person by a pseudonym only: it holds where and how they were met, never who they are. What is learnt at entry is in
entry.py, which this aggregate includes.
"""

from datetime import date
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, structs

from services.intake import entry
from services.intake.coded_values import Channel, ClosingReason, ErasureBasis, Radar
from services.vocabulary.fields import Id, ShortText
from shared.command_fields import CommandTerritory, FactDate
from shared.decider import Decider
from shared.errors import Refused


class Qpv(Struct, frozen=True):
    """A priority neighbourhood, in the list of 2015 or of 2024. Its code may be missing, and two towns may share its name."""

    vintage: Literal[2015, 2024]
    name: str
    code: str | None = None


# Events: what happened -----------------------------------------------------------------------------------------------


class PersonIdentified(Struct, frozen=True, tag=True):
    """A coach met the person for the first time, at this place, which lies in `qpv` if it is known to lie in one."""

    person: str
    channel: Channel
    place: str
    territory: str
    qpv: Qpv | None
    radar: Radar
    on: date


class ContactClosed(Struct, frozen=True, tag=True):
    """The contact ends without a journey."""

    person: str
    reason: ClosingReason
    on: date


class CoachingStarted(Struct, frozen=True, tag=True):
    """The contact became a journey. The exit of that journey closes it, and no ContactClosed does."""

    person: str
    rank: int
    on: date


class PersonsMerged(Struct, frozen=True, tag=True):
    """Two records were one person: `merged` counts as `kept` from now on, everywhere."""

    kept: str
    merged: str
    on: date


class PersonKeyDestroyed(Struct, frozen=True, tag=True):
    """The personal data cannot be read any more. Every count stays (invariant 12 of the domain)."""

    person: str
    basis: ErasureBasis
    on: date


Event = PersonIdentified | entry.Event | ContactClosed | CoachingStarted | PersonsMerged | PersonKeyDestroyed


def with_vintage(old: dict[str, Any]) -> dict[str, Any]:
    """From version 1, which had the name of the neighbourhood alone, when only the list of 2015 existed."""
    name = old.get("qpv_name")
    unchanged = {field: value for field, value in old.items() if field != "qpv_name"}
    return {**unchanged, "qpv": {"vintage": 2015, "name": name, "code": None} if name else None}


# State: what is true -------------------------------------------------------------------------------------------------


class Unknown(Struct, frozen=True):
    """Not identified yet. A journey may start all the same: an orientation can come first."""

    rank: int = 0


class Met(Struct, frozen=True):
    """`rank` is that of the latest journey, 0 before the first."""

    rank: int = 0
    closed: bool = False


class Gone(Struct, frozen=True):
    """Merged into another record, or erased. Only the erasure of a merged record is still recorded."""

    why: Literal["person_merged", "person_erased"]


State = Unknown | Met | Gone
initial: State = Unknown()


def evolve(state: State, event: Event) -> State:
    match event, state:
        case PersonIdentified(), Unknown():
            return Met(rank=state.rank)
        case CoachingStarted(), (Unknown() | Met()):
            return structs.replace(state, rank=event.rank)
        case ContactClosed(), Met():
            return structs.replace(state, closed=True)
        case PersonsMerged(), _:
            return Gone("person_merged")
        case PersonKeyDestroyed(), _:
            return Gone("person_erased")
        case _:
            return state


# Commands: what may be requested -------------------------------------------------------------------------------------


class IdentifyPerson(Struct, frozen=True):
    person: Id
    channel: Channel
    place: ShortText
    radar: Radar
    on: FactDate
    territory: CommandTerritory
    qpv: Qpv | None = None


class CloseContact(Struct, frozen=True):
    person: Id
    reason: ClosingReason
    on: FactDate


class StartCoaching(Struct, frozen=True):
    person: Id
    rank: Annotated[int, Meta(ge=1)]
    on: FactDate


class MergePersons(Struct, frozen=True):
    kept: Id
    merged: Id
    on: FactDate


class DestroyPersonKey(Struct, frozen=True):
    person: Id
    basis: ErasureBasis
    on: FactDate


Command = IdentifyPerson | entry.Command | CloseContact | StartCoaching | MergePersons | DestroyPersonKey


def stream(command: Command) -> str:
    return f"person-{command.merged if isinstance(command, MergePersons) else command.person}"


# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    if isinstance(state, Gone):
        return [erase_merged(state, command)]
    match command:
        case IdentifyPerson():
            return [identify(state, command)]
        case StartCoaching():
            return [start_coaching(state, command)]
        case CloseContact():
            return [close_contact(check_identified(state), command)]
        case MergePersons():
            check_identified(state)
            return [merge_persons(command)]
        case DestroyPersonKey():
            return [PersonKeyDestroyed(command.person, command.basis, command.on)]
        case _:
            check_identified(state)
            return [entry.decide(command)]


def erase_merged(state: Gone, command: Command) -> PersonKeyDestroyed:
    """A merged record has a key of its own, so a person is erased from both records."""
    if isinstance(command, DestroyPersonKey) and state.why == "person_merged":
        return PersonKeyDestroyed(command.person, command.basis, command.on)
    raise Refused(state.why)


def identify(state: Unknown | Met, command: IdentifyPerson) -> PersonIdentified:
    if isinstance(state, Met):
        raise Refused("person_already_identified")
    person, channel, place, territory = command.person, command.channel, command.place, command.territory
    return PersonIdentified(person, channel, place, territory, command.qpv, command.radar, command.on)


def start_coaching(state: Unknown | Met, command: StartCoaching) -> CoachingStarted:
    if command.rank <= state.rank:
        raise Refused("already_coached")
    return CoachingStarted(command.person, command.rank, command.on)


def close_contact(state: Met, command: CloseContact) -> ContactClosed:
    if state.rank:
        raise Refused("person_is_coached")
    if state.closed:
        raise Refused("contact_already_closed")
    return ContactClosed(command.person, command.reason, command.on)


def merge_persons(command: MergePersons) -> PersonsMerged:
    if command.kept == command.merged:
        raise Refused("merged_into_itself")
    return PersonsMerged(command.kept, command.merged, command.on)


def check_identified(state: Unknown | Met) -> Met:
    if not isinstance(state, Met):
        raise Refused("person_unknown")
    return state


decider = Decider(
    "intake",
    commands=Command,
    events=Event,
    initial=initial,
    evolve=evolve,
    decide=decide,
    stream=stream,
    upcasts={"PersonIdentified": (with_vintage,)},
)
