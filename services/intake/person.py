"""A person met by the programme: identified, informed, assessed, and closed or coached.

The log identifies the person by a pseudonym only: it holds where and how they were met, never who they are. What is learnt at entry is in
entry.py, and what makes two records one in merging.py; this aggregate includes both.
"""

from datetime import date
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, structs

from services.intake import entry, merging
from services.intake.coded_values import Channel, ClosingReason, ErasureBasis, Radar
from services.intake.merging import MergePersons, PersonsMerged, PersonsSeparated, SeparatePersons
from services.intake.neighbourhood import Qpv, QpvGiven
from services.vocabulary.fields import Id, Rank, ShortText, TerritoryId
from services.vocabulary.person_standing import CLOSURES, ERASED, MERGED, NOBODY, Standing
from shared.command_fields import CommandTerritory, FactDate
from shared.decider import Decider, unchanged
from shared.errors import Refused
from shared.field_rules import RULE
from shared.placement import Place, WithPerson
from shared.trust.personal.marks import NOTE, Code, Identifier, Sealed

# Events: what happened -----------------------------------------------------------------------------------------------


class PersonIdentified(Struct, frozen=True, tag=True):
    """A coach met the person for the first time, at this place, which lies in `qpv` if it is known to lie in one."""

    person: Identifier
    channel: Channel
    place: Annotated[str | Sealed, NOTE]
    territory: Code
    qpv: Qpv | None
    radar: Radar
    on: date


class ContactClosed(Struct, frozen=True, tag=True):
    """The contact ends without a journey."""

    person: Identifier
    reason: ClosingReason
    on: date


class CoachingStarted(Struct, frozen=True, tag=True):
    """The contact became a journey. The exit of that journey closes it, and no ContactClosed does."""

    person: Identifier
    rank: int
    on: date


class PersonTransferred(Struct, frozen=True, tag=True):
    """Another territory follows the person, of whom no journey is open. What was counted before stays where it was."""

    person: Identifier
    from_territory: Code
    to_territory: Code
    on: date


class PersonKeyDestroyed(Struct, frozen=True, tag=True):
    """The personal data cannot be read any more. Every count stays (invariant 12 of the domain)."""

    person: Identifier
    basis: ErasureBasis
    on: date


Event = PersonIdentified | entry.Event | ContactClosed | CoachingStarted | PersonTransferred | merging.Event | PersonKeyDestroyed


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
    """`rank` is that of the latest journey, 0 before the first. Who is `informed` was told of their rights."""

    rank: int = 0
    closed: bool = False
    informed: bool = False


class Gone(Struct, frozen=True):
    """Merged into another record, or erased. Of a merged record, only its erasure and the undoing of the merge are still recorded."""

    why: Literal["person_merged", "person_erased"]
    kept: str = ""
    before: Unknown | Met = Unknown()


State = Unknown | Met | Gone
initial: State = Unknown()


def evolve(state: State, event: Event) -> State:
    match event, state:
        case PersonIdentified(), Unknown():
            return Met(rank=state.rank)
        case CoachingStarted(), (Unknown() | Met()):
            return structs.replace(state, rank=event.rank)
        case entry.NoticeGiven(), Met():
            return structs.replace(state, informed=True)
        case ContactClosed(), Met():
            return structs.replace(state, closed=True)
        case PersonsMerged(kept=kept), (Unknown() | Met()):
            return Gone("person_merged", kept, state)
        case PersonsSeparated(), Gone(why="person_merged", before=before):
            return before
        case PersonKeyDestroyed(), _:
            return Gone("person_erased")
        case _:
            return state


# Commands: what may be requested -------------------------------------------------------------------------------------


class IdentifyPerson(Struct, frozen=True):
    person: Id
    channel: Channel
    place: Annotated[ShortText, NOTE]
    radar: Radar
    on: FactDate
    territory: CommandTerritory
    qpv: Annotated[QpvGiven, Meta(extra={RULE: "qpv"})] | None = None


class CloseContact(Struct, frozen=True):
    person: Id
    reason: ClosingReason
    on: FactDate


class StartCoaching(Struct, frozen=True):
    person: Id
    rank: Rank
    on: FactDate


class TransferPerson(Struct, frozen=True):
    person: Id
    to_territory: TerritoryId
    on: FactDate
    territory: CommandTerritory
    standing: Standing = NOBODY


class DestroyPersonKey(Struct, frozen=True):
    person: Id
    basis: ErasureBasis
    on: FactDate


Command = IdentifyPerson | entry.Command | CloseContact | StartCoaching | TransferPerson | merging.Command | DestroyPersonKey


def stream(command: Command) -> str:
    return f"person-{record(command)}"


def record(command: Command) -> str:
    """The record whose stream a command concerns."""
    return command.merged if isinstance(command, merging.Command) else command.person


def place(state: State, command: Command) -> Place:
    """This aggregate itself says what a merged or an erased record still accepts. Somebody who died is known once, and may be erased."""
    ending = isinstance(command, merging.Command | DestroyPersonKey | CloseContact)
    return WithPerson(record(command), CLOSURES if ending else frozenset({MERGED, ERASED}))


def persons(state: State, command: Command) -> dict[str, str]:
    match command:
        case MergePersons(kept=kept, merged=merged):
            return {"kept_standing": kept, "merged_standing": merged}
        case TransferPerson(person=person):
            return {"standing": person}
        case _:
            return {}


# Decisions: what follows ---------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    if isinstance(state, Gone):
        return [decide_gone(state, command)]
    match command:
        case IdentifyPerson():
            return [identify(state, command)]
        case StartCoaching():
            return [start_coaching(state, command)]
        case CloseContact():
            return [close_contact(check_identified(state), command)]
        case MergePersons():
            check_identified(state)
            return [merging.merge(command)]
        case SeparatePersons():
            raise Refused("not_merged")
        case TransferPerson():
            check_identified(state)
            return [transfer(command)]
        case DestroyPersonKey():
            return [PersonKeyDestroyed(command.person, command.basis, command.on)]
        case _:
            return [entry.decide(command, informed=check_identified(state).informed)]


def decide_gone(state: Gone, command: Command) -> Event:
    """A merged record has a key of its own, so a person is erased from both records; and a merge can be undone."""
    match command:
        case DestroyPersonKey() if state.why == "person_merged":
            return PersonKeyDestroyed(command.person, command.basis, command.on)
        case SeparatePersons() if state.why == "person_merged":
            return merging.separate(state.kept, command)
        case _ if state.why == "person_merged":
            raise Refused("person_merged", kept=state.kept)
        case _:
            raise Refused("person_erased")


def identify(state: Unknown | Met, command: IdentifyPerson) -> PersonIdentified:
    if isinstance(state, Met):
        raise Refused("person_already_identified")
    person, channel, place, territory = command.person, command.channel, command.place, command.territory
    qpv = Qpv(command.qpv.vintage, command.qpv.name, command.qpv.code) if command.qpv else None
    return PersonIdentified(person, channel, place, territory, qpv, command.radar, command.on)


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


def transfer(command: TransferPerson) -> PersonTransferred:
    here = command.standing.present
    if command.standing.journey == "open":
        raise Refused("journey_to_transfer")
    if here is None or here == command.to_territory:
        raise Refused("person_already_there")
    command.standing.check_settled(command.on)
    if command.territory not in (here, command.to_territory):  # a territory that followed the person before has no say any more
        raise Refused("followed_elsewhere")
    return PersonTransferred(command.person, here, command.to_territory, command.on)


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
    place=place,
    persons=persons,
    upcasts={
        "PersonIdentified": (with_vintage, unchanged),
        "ProfileRecorded": (unchanged,),
        "EligibilityAssessed": (unchanged,),
    },
)
