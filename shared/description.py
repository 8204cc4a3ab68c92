"""A service's description of itself: one object from which everything else that must know the service is derived.

Composition, hosting, permissions, the gateway (addresses, OpenAPI, forms, sentences, texts), the command line and the completeness tests
read it. Nothing else lists the services, their commands or their events: see docs/how-to/add-a-service.md and add-an-event.md.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from msgspec import Struct, inspect

from shared.coded_value import CodedValue
from shared.decider import Decider
from shared.field_rules import Rules
from shared.policy import Policy
from shared.trust.scope import Roles

E = TypeVar("E")
Sentence = Callable[[Any], str]
QuestionKind = Literal["text", "number", "choice", "date", "generated_id", "thematique", "partner", "list", "recorded"]


class Question(Struct, frozen=True):
    """One question of a form. The page answers a `generated_id` itself; an `optional` question may stay empty.

    A `recorded` question offers what `events` state in the person's open journey: their field `id_field` is what is sent.
    """

    field: str
    label: str
    kind: QuestionKind = "text"
    optional: bool = False
    hint: str = ""
    events: tuple[type[Any], ...] = ()
    id_field: str = ""


class Form(Struct, frozen=True):
    """The form in which a person gives one command in a browser."""

    command: type[Any]
    questions: tuple[Question, ...]


@dataclass(frozen=True, kw_only=True)
class ServiceDescription:
    """What a service decides, and how people see it.

    `permissions` has every command: role -> scope. `titles` has every command: its French name, as on a button. `sentences` has every
    event: the event -> one French sentence. `refusals` has every code that the aggregates raise: its French text. A command is in `forms`
    or in `without_form`, and an event is read by the fold of reporting or in `unread_events`; both name the reason. `nameko_service` is
    "module:Class" of the nameko class that hosts the service. Without `inbox` the broker brings it no events, and it has no policies.
    `more_coded_values` are codes that pages show and that no command or event has. `programme_wide` commands may be given in the name of
    the whole programme instead of one territory. `field_rules` are rules that fields of its commands name, beside the common ones.
    `streams` are the names of its streams, or how they begin: the database lets no other service append there.
    """

    name: str
    nameko_service: str
    streams: tuple[str, ...]
    aggregates: tuple[Decider[Any, Any, Any], ...]
    permissions: Mapping[type[Any], Roles]
    titles: Mapping[type[Any], str]
    sentences: Mapping[type[Any], Sentence]
    refusals: Mapping[str, str]
    policies: tuple[Policy, ...] = ()
    forms: tuple[Form, ...] = ()
    without_form: Mapping[type[Any], str] = field(default_factory=dict)
    unread_events: Mapping[type[Any], str] = field(default_factory=dict)
    more_coded_values: tuple[type[CodedValue], ...] = ()
    programme_wide: bool = False
    inbox: bool = True
    field_rules: Rules = field(default_factory=dict)

    @property
    def commands(self) -> dict[str, type[Any]]:
        """Every command, by name."""
        return {command.__name__: command for aggregate in self.aggregates for command in aggregate.command_types}

    @property
    def title_of(self) -> dict[str, str]:
        """The title of every command, by its name."""
        return {command.__name__: title for command, title in self.titles.items()}

    @property
    def events(self) -> dict[str, type[Any]]:
        """Every event in its current shape, by kind (`coaching.JourneyOpened`)."""
        return {f"{self.name}.{event.__name__}": event for aggregate in self.aggregates for event in aggregate.event_types}

    @property
    def coded_values(self) -> frozenset[type[CodedValue]]:
        """Every closed list of codes that a command, an event or a fact of this service uses."""
        structs = [*self.commands.values(), *self.events.values()]
        derived = (codes for struct in structs for codes in coded_values_in(inspect.type_info(struct)))
        return frozenset((*derived, *self.more_coded_values))


def coded_values_in(shape: inspect.Type) -> Iterator[type[CodedValue]]:
    """The coded values anywhere in a type."""
    match shape:
        case inspect.EnumType(cls=codes) if issubclass(codes, CodedValue):
            yield codes
        case inspect.StructType(fields=fields):
            for each in fields:
                yield from coded_values_in(each.type)
        case inspect.UnionType(types=types):
            for each_type in types:
                yield from coded_values_in(each_type)
        case inspect.Metadata(type=inner) | inspect.ListType(item_type=inner) | inspect.FrozenSetType(item_type=inner):
            yield from coded_values_in(inner)
        case inspect.DictType(key_type=key, value_type=value):
            yield from coded_values_in(key)
            yield from coded_values_in(value)


def sentence(event: type[E], text: Callable[[E], str]) -> tuple[type[Any], Sentence]:
    """An entry of `sentences`, with the function's argument checked against the event."""
    return event, text
