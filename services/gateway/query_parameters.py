"""The query parameters of every address: which there are, what each may be, and how OpenAPI describes it.

A query string is read here and nowhere else. Nothing in it is passed over: a parameter that the address does not have, that is repeated,
empty or malformed is a fault, so that no reader takes a default for what was asked. Headers that hold a position are read with the same
function.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from werkzeug.datastructures import MultiDict

from services.gateway.parameter_kinds import POSITION_KIND, Kind, Members, matching, number, one_of, text_of
from services.gateway.problems import Problem, unreadable
from services.vocabulary.french import VALIDATION
from services.vocabulary.programme import PROGRAMME
from shared.errors import Invalid
from shared.message import PREFIX

MAX_PAGE_SIZE = 1_000  # events, and as many are read from the log at once
MAX_VERSION = 9_999  # of definitions
QUARTER = "20[0-9]{2}-Q[1-4]"
DAY = "20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
TIME = "T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?(Z|[+-][01][0-9]:[0-5][0-9])"
MOMENT = f"([0-9]{{1,18}}|{DAY}({TIME})?)"
SIDES = ("numerator", "denominator")
MAX_ID_LENGTH = 200
MAX_ADDRESS_LENGTH = 8_192
TICKET = "[A-Za-z0-9_-]{1,4096}[.][0-9a-f]{32}"

Query = Mapping[str, Any]
"""The values of the parameters that a request has, by name."""


class Parameter(Struct, frozen=True):
    """`listed` takes several values, separated by commas or in a parameter each."""

    name: str
    kind: Kind
    required: bool = False
    listed: bool = False

    def described(self) -> Members:
        """The parameter object of OpenAPI."""
        schema = {"type": "array", "items": self.kind.schema} if self.listed else self.kind.schema
        return {"name": self.name, "in": "query", "schema": schema} | ({"required": True} if self.required else {})

    def read(self, texts: list[str]) -> Any:
        """The value of the texts that the query has for this parameter, at least one.

        Raises:
            ValueError: what is wrong, in French.
        """
        if self.listed:
            return frozenset(self.kind.read(part.strip()) for text in texts for part in text.split(","))
        if len(texts) > 1:
            raise ValueError("Ce paramètre se donne une seule fois.")
        return self.kind.read(texts[0])


POSITION = Parameter("position", POSITION_KIND)
CURSOR = Parameter("cursor", text_of(2_000))


def moment(name: str, *, required: bool = False) -> Parameter:
    """A moment of the past (`reporting.queries.moments`)."""
    return Parameter(name, matching(MOMENT, "Un moment est une position, un jour (2024-03-31) ou un instant avec son fuseau."), required)


class QueryParameters:
    """The parameters of each address. `territories` and `groupings` are the ids of the programme's, `kinds` the kinds of all events.

    `more` are the parameters of addresses that are declared elsewhere.
    """

    def __init__(
        self,
        territories: Iterable[str],
        groupings: Iterable[str],
        kinds: Iterable[str],
        more: Mapping[str, tuple["Parameter", ...]] | None = None,
    ) -> None:
        after = Parameter("after", POSITION_KIND)
        places = one_of([*territories, PROGRAMME])
        filters = (Parameter("territory", places, listed=True), Parameter("type", one_of(event_types(kinds), bare_kind), listed=True))
        territory = Parameter("territory", one_of([*territories, *groupings, PROGRAMME]))
        quarter = Parameter("quarter", matching(QUARTER, "Un trimestre s’écrit 2024-Q2."), required=True)
        definitions = Parameter("definitions", number(1, MAX_VERSION))
        kind = Parameter("kind", one_of(("events", "figures")))
        person = Parameter("person", text_of(MAX_ID_LENGTH))
        self.by_rule: Mapping[str, tuple[Parameter, ...]] = {
            "/v1/events": (after, Parameter("limit", number(1, MAX_PAGE_SIZE)), *filters),
            "/v1/stream": (after, kind, *filters, Parameter("ticket", matching(TICKET, "Un ticket se recopie tel quel."))),
            "/v1/stream-tickets": (after, kind, *filters),
            "/v1/webhooks/<webhook>/deliveries": (Parameter("limit", number(1, MAX_PAGE_SIZE)),),
            "/v1/people/<person>": (POSITION,),
            "/v1/people/<person>/timeline": (CURSOR, Parameter("limit", number(1, MAX_PAGE_SIZE)), POSITION),
            "/v1/definitions": (definitions,),
            "/v1/indicators/<indicator>/history": (territory, definitions, moment("as-of"), POSITION),
            "/v1/indicators": (territory, quarter, definitions, moment("as-of"), POSITION),
            "/v1/changes": (
                *(territory, quarter, moment("since", required=True), moment("until"), Parameter("indicator", text_of(MAX_ID_LENGTH))),
                *(definitions, CURSOR, Parameter("limit", number(1, MAX_PAGE_SIZE)), POSITION),
            ),
            "/v1/indicators/<indicator>/evidence": (
                *(territory, quarter, Parameter("side", one_of(SIDES)), definitions, moment("as-of"), POSITION),
            ),
            "/": (POSITION,),
            "/coter/<territory>/<quarter>": (definitions, moment("au"), POSITION),
            "/coter/<territory>/<quarter>/changements": (definitions, moment("depuis"), moment("au"), CURSOR, POSITION),
            "/coter/<territory>/<quarter>/<indicator>": (Parameter("cote", one_of(SIDES)), definitions, moment("au"), POSITION),
            "/parcours/<person>": (POSITION,),
            "/taches": (POSITION,),
            "/saisie": (person,),
            "/saisie/<name>": (person,),
            "/connexion": (suite := Parameter("suite", text_of(MAX_ADDRESS_LENGTH)),),
            "/connexion/fournisseur": (suite,),
            **(more or {}),
        }

    def of(self, rule: str) -> tuple[Parameter, ...]:
        return self.by_rule.get(rule, ())

    def read(self, rule: str, given: MultiDict[str, str]) -> Query:
        """The values of a query string at an address.

        Raises:
            Problem: 400, with every fault by parameter.
            Invalid: nothing is wrong but that a required parameter is missing.
        """
        known = {parameter.name: parameter for parameter in self.of(rule)}
        values: dict[str, Any] = {}
        faults: dict[str, list[str]] = {}
        for name, texts in given.lists():
            try:
                values[name] = known[name].read(texts)
            except KeyError:
                faults[name] = ["Cette adresse n’a pas ce paramètre."]
            except ValueError as fault:
                faults[name] = [str(fault)]
        missing = {name: [VALIDATION.required] for name, parameter in known.items() if parameter.required and name not in given}
        if faults:
            raise Problem(400, "unreadable", "Demande illisible", sentence(faults), more={"faults": faults | missing})
        if missing:
            raise Invalid(missing)
        return values


def event_types(kinds: Iterable[str]) -> list[str]:
    """What a filter of types may name: a kind of events, with the product's prefix or without, or a whole service."""
    listed = list(kinds)
    services = dict.fromkeys(kind.partition(".")[0] for kind in listed)
    return [*services, *listed, *(PREFIX + kind for kind in listed)]


def bare_kind(text: str) -> str:
    return text.removeprefix(PREFIX)


def sentence(faults: Mapping[str, list[str]]) -> str:
    """The first fault, for people."""
    name, texts = next(iter(faults.items()))
    return f"{name[:40]} : {texts[0]}"


def position_of_header(name: str, text: str) -> int:
    """The position in a header of a request.

    Raises:
        Problem: 400, it is no position.
    """
    try:
        position: int = POSITION_KIND.read(text)
    except ValueError as fault:
        raise unreadable(f"{name} : {fault}") from fault
    return position
