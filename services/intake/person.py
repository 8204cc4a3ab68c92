"""A person met by the programme: identified, informed, assessed, and closed or coached.

Only a pseudonym stands for the person; where and how they were met is kept, never who they are. What is learnt at the entry is
in entry.py, which this page composes.
"""

from datetime import date
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, structs

from services.intake import entry
from services.intake.words import Id, Text
from shared.decider import Decider
from shared.errors import Refused

Channel = Literal["RUE", "PORTE_A_PORTE", "PERMANENCE", "EVENEMENT", "PARTENAIRE", "BOUCHE_A_OREILLE", "SPONTANE"]
Radar = Literal["NON_INSCRIT", "SANS_CONTACT_5_MOIS", "SUIVI", "INCONNU"]
Closing = Literal["REORIENTE", "REFUS", "PERDU_DE_VUE", "NON_ELIGIBLE", "DEMENAGEMENT", "DECES", "AUTRE"]
Basis = Literal["DEMANDE", "RETENTION"]


class Qpv(Struct, frozen=True):
    """A priority neighbourhood, in the map of 2015 or of 2024. Its code may be missing, and its name is in two towns at times."""

    vintage: Literal[2015, 2024]
    name: str
    code: str | None = None


# Events: what happened ---------------------------------------------------------------------------------------------


class PersonIdentified(Struct, frozen=True, tag=True):
    person: str
    channel: Channel
    place: str
    territory: str
    qpv: Qpv | None
    radar: Radar
    on: date


class ContactClosed(Struct, frozen=True, tag=True):
    person: str
    reason: Closing
    on: date


class CoachingStarted(Struct, frozen=True, tag=True):
    """The contact became a journey: it is closed by that journey's exit, not here."""

    person: str
    rank: int
    on: date


class PersonsMerged(Struct, frozen=True, tag=True):
    """Two records were one person: `merged` counts as `kept` from now on, everywhere."""

    kept: str
    merged: str
    on: date


class PersonKeyDestroyed(Struct, frozen=True, tag=True):
    """Nothing leads to this person any more. Every count stays (invariant 12)."""

    person: str
    basis: Basis
    on: date


Event = PersonIdentified | entry.Event | ContactClosed | CoachingStarted | PersonsMerged | PersonKeyDestroyed


def with_vintage(old: dict[str, Any]) -> dict[str, Any]:
    """Version 1 named the neighbourhood alone, when only the map of 2015 existed."""
    name = old.get("qpv_name")
    kept = {field: value for field, value in old.items() if field != "qpv_name"}
    return {**kept, "qpv": {"vintage": 2015, "name": name, "code": None} if name else None}


# State: what is true -----------------------------------------------------------------------------------------------


class Unknown(Struct, frozen=True):
    """Nobody has met this person. A journey may start all the same: an orientation can come first."""

    rank: int = 0


class Met(Struct, frozen=True):
    """`rank` is that of the latest journey, 0 before the first."""

    rank: int = 0
    closed: bool = False


class Gone(Struct, frozen=True):
    """Merged into another record, or erased: nothing more is recorded here, but the erasure of a merged record."""

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


# Commands: what is asked -------------------------------------------------------------------------------------------


class IdentifyPerson(Struct, frozen=True):
    person: Id
    channel: Channel
    place: Text
    radar: Radar
    on: date
    territory: str
    qpv: Qpv | None = None


class CloseContact(Struct, frozen=True):
    person: Id
    reason: Closing
    on: date


class StartCoaching(Struct, frozen=True):
    person: Id
    rank: Annotated[int, Meta(ge=1)]
    on: date


class MergePersons(Struct, frozen=True):
    kept: Id
    merged: Id
    on: date


class DestroyPersonKey(Struct, frozen=True):
    person: Id
    basis: Basis
    on: date


Command = IdentifyPerson | entry.Command | CloseContact | StartCoaching | MergePersons | DestroyPersonKey


def stream(command: Command) -> str:
    return f"person-{command.merged if isinstance(command, MergePersons) else command.person}"


# Decisions: what follows -------------------------------------------------------------------------------------------


def decide(state: State, command: Command) -> list[Event]:
    if isinstance(state, Gone):
        return [erase_merged(state, command)]
    match command:
        case IdentifyPerson():
            return [identify(state, command)]
        case StartCoaching():
            return [start_coaching(state, command)]
        case CloseContact():
            return [close(met(state), command)]
        case MergePersons():
            return [merge(state, command)]
        case DestroyPersonKey():
            return [PersonKeyDestroyed(command.person, command.basis, command.on)]
        case _:
            met(state)
            return [entry.decide(command)]


def erase_merged(state: Gone, command: Command) -> PersonKeyDestroyed:
    """A merged record keeps a key of its own: whoever is erased is erased from both."""
    if isinstance(command, DestroyPersonKey) and state.why == "person_merged":
        return PersonKeyDestroyed(command.person, command.basis, command.on)
    raise Refused(state.why, "This record was merged into another, or erased: nothing more is recorded here.")


def identify(state: Unknown | Met, command: IdentifyPerson) -> PersonIdentified:
    if isinstance(state, Met):
        raise Refused("person_already_identified", "This person is identified already.")
    person, channel, place, territory = command.person, command.channel, command.place, command.territory
    return PersonIdentified(person, channel, place, territory, command.qpv, command.radar, command.on)


def start_coaching(state: Unknown | Met, command: StartCoaching) -> CoachingStarted:
    if command.rank <= state.rank:
        raise Refused("already_coached", "This journey is known already.")
    return CoachingStarted(command.person, command.rank, command.on)


def close(state: Met, command: CloseContact) -> ContactClosed:
    if state.rank:
        raise Refused("person_is_coached", "A person in a journey leaves by its exit.")
    if state.closed:
        raise Refused("contact_already_closed", "This contact is closed already.")
    return ContactClosed(command.person, command.reason, command.on)


def merge(state: Unknown | Met, command: MergePersons) -> PersonsMerged:
    met(state)
    if command.kept == command.merged:
        raise Refused("merged_into_itself", "A record is merged into another one.")
    return PersonsMerged(command.kept, command.merged, command.on)


def met(state: Unknown | Met) -> Met:
    if not isinstance(state, Met):
        raise Refused("person_unknown", "Nobody has met this person yet.")
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
