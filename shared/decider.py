"""What an aggregate is to the command handler: a description in data, with two pure functions in it.

An aggregate is one module, always in this order: events, state and `evolve(state, event) -> state`, commands,
`decide(state, command) -> list[event]`, and at its end one `Decider` that names them. The pattern is Jérémie Chassaing's
"Functional Event Sourcing Decider". Nothing here does I/O, and nothing here is executed while a command is handled.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Generic, TypeVar, get_args

from shared.message import Position
from shared.placement import Place

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E")

Upcast = Callable[[dict[str, Any]], dict[str, Any]]
"""The data of one version of an event -> the data of the next version."""


def unchanged(old: dict[str, Any]) -> dict[str, Any]:
    """The upcast to a version whose fields may hold more than those of the version before: what was written stays as it is."""
    return old


@dataclass(frozen=True)
class Decider(Generic[S, C, E]):
    """An aggregate.

    `commands` and `events` are unions of structs; `stream` names the stream of a command. `upcasts` gives for an event name the
    functions that turn version 1 of its data into version 2, 2 into 3…; an event without any is at version 1. The events of an
    `anonymous` aggregate record no actor and no cause, and of their time only the month.

    `place` says where the fact of a command belongs, and `persons` of whom the command must know the standing: field -> person
    (`shared.placement`). `consults` names other aggregates of the same service whose state decides too: field -> aggregate and stream.
    `named_events` gives the positions of events whose kind decides: field -> position.
    The handler fills these fields in before it asks for a decision.
    """

    service: str
    _: KW_ONLY
    commands: Any
    events: Any
    initial: S
    evolve: Callable[[S, E], S]
    decide: Callable[[S, C], list[E]]
    stream: Callable[[C], str]
    place: Callable[[S, C], Place] | None = None
    persons: Callable[[S, C], Mapping[str, str]] | None = None
    consults: Callable[[S, C], Mapping[str, tuple["Decider[Any, Any, Any]", str]]] | None = None
    named_events: Callable[[S, C], Mapping[str, Position]] | None = None
    upcasts: Mapping[str, Sequence[Upcast]] = field(default_factory=dict)
    anonymous: bool = False

    @property
    def command_types(self) -> tuple[type[Any], ...]:
        return get_args(self.commands) or (self.commands,)

    @property
    def event_types(self) -> tuple[type[Any], ...]:
        return get_args(self.events) or (self.events,)

    def event_version(self, name: str) -> int:
        """The version of an event's data that is written today."""
        return 1 + len(self.upcasts.get(name, ()))
