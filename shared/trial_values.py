"""The values that a trial of a command gives to its fields (`shared.command_trials`): what is known, then what the types allow."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import msgspec
from msgspec import NODEFAULT, inspect

from shared.field_rules import RULE
from shared.message import EventMessage

MAX_VALUES = 6  # of one field that is not a list of codes
SOON = timedelta(days=30)  # a day that may be planned
OMITTED = object()
Values = Mapping[str, Sequence[Any]]
"""Values by the name of the field that may hold them, the likeliest first."""


class Candidates:
    """The values that a field may be given. `sources` have known ones, the likeliest source first; `samples` are by rule."""

    def __init__(self, sources: Sequence[Values], samples: Values, today: date) -> None:
        self.sources, self.samples, self.today = sources, samples, today

    def of_field(self, field: inspect.Field) -> list[Any]:
        found = self.of(field.name, field.type)
        optional = field.default is not NODEFAULT or field.default_factory is not NODEFAULT
        return [OMITTED, *self.named(field.name)] if optional else found

    def named(self, name: str) -> list[Any]:
        """The values that are known under a name: subjects, what was recorded last, what is offered."""
        found = [value for source in self.sources for value in source.get(name, ())]
        return list(dict.fromkeys(found))[:MAX_VALUES]

    def of(self, name: str, shape: inspect.Type) -> list[Any]:
        match shape:
            case inspect.Metadata(type=inner, extra=extra):
                ruled = list(self.samples.get((extra or {}).get(RULE, ""), ()))
                return [*self.named(name), *ruled] if ruled else self.of(name, inner)
            case inspect.UnionType(types=types):
                inner = next(kind for kind in types if not isinstance(kind, inspect.NoneType))
                return [None, *self.of(name, inner)[:MAX_VALUES]]
            case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item) | inspect.FrozenSetType(item_type=item):
                return [[], *([value] for value in self.of(name.removesuffix("s"), item)[:MAX_VALUES])]
            case inspect.DictType(key_type=key, value_type=value):
                return [{self.of("", key)[0]: self.of("", value)[0]}]
            case inspect.StructType(fields=fields):
                return [{field.name: self.of(field.name, field.type)[0] for field in fields}]
            case _:
                return self.scalars(name, shape)

    def scalars(self, name: str, shape: inspect.Type) -> list[Any]:
        match shape:
            case inspect.EnumType(cls=codes):
                return [code.value for code in codes]
            case inspect.BoolType():
                return [False, True]
            case inspect.IntType(ge=least):
                known = [value for value in self.named(name) if isinstance(value, int)]
                return [*known, *(value + 1 for value in known[:1]), least or 1]
            case inspect.DateType():
                return [self.today.isoformat(), (self.today + SOON).isoformat()]
            case inspect.StrType() if name == "person":
                return self.named(name)
            case _:
                return [*self.named(name), str(uuid4())]


def recorded(history: Iterable[EventMessage]) -> Values:
    """What events name, by field, the latest first."""
    found: dict[str, dict[Any, None]] = {}
    for event in sorted(history, key=lambda event: event.position, reverse=True):
        for name, value in msgspec.json.decode(event.data).items():
            if isinstance(value, str | int):
                found.setdefault(name, {})[value] = None
    return {name: list(values) for name, values in found.items()}
