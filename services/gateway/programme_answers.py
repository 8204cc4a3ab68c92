"""What the interface answers about the reader and the programme. Published as schemas, so names and order of fields stay."""

from datetime import date

from msgspec import Struct

from services.vocabulary.programme import Grouping, Neighbourhood
from shared.message import Actor


class Permission(Struct, frozen=True):
    """What a role may do: a command, or a reading. `scope` limits it: to territories, to what is own, to what is addressed."""

    action: str
    label: str
    scope: str
    command: bool


class Me(Struct, frozen=True):
    """Who asks. `everywhere` says that `territories` are all of the programme."""

    actor: Actor
    role_label: str
    territories: list[str]
    everywhere: bool
    permissions: list[Permission]


class TerritoryEntry(Struct, frozen=True):
    """`since` and `until` are the days between which it is in force; without them, always."""

    id: str
    label: str
    qpv: list[Neighbourhood]
    since: date | None
    until: date | None


class Code(Struct, frozen=True):
    code: str
    label: str


class ProgrammeAnswer(Struct, frozen=True):
    """The configuration of the programme. `vocabularies` are the closed lists of codes that commands and events use, with French labels;
    `states` the words for states in answers, by schema and member (`PersonLine.journey`).

    `earliest` is the first day on which a fact may have happened.
    """

    id: str
    label: str
    since: date
    earliest: date
    territories: list[TerritoryEntry]
    groupings: list[Grouping]
    thematiques: list[Code]
    vocabularies: dict[str, list[Code]]
    states: dict[str, list[Code]]


class Quarter(Struct, frozen=True):
    """A quarter that has figures for the reader. Its figures are `closed`, and change no more for masked readers, from `closes_on` on."""

    id: str
    closed: bool
    closes_on: date


class Quarters(Struct, frozen=True):
    quarters: list[Quarter]
