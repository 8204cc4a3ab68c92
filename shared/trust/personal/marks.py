"""What a field of an event or of a command holds, said where it is declared.

    class ProfileRecorded(Struct, frozen=True, tag=True):
        person: Identifier
        sex: Annotated[Sex | Sealed, PROFILE]

Every text of an event is marked, so that nobody declares one without asking whether it can hold what somebody says of a person: a test
fails on a text without a mark. Of a marked field of a command, the same is protected on its way to the service.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Annotated, Any, NamedTuple

from msgspec import Meta, Struct, inspect

PERSONAL, HOLDS = "personal", "holds"
PERSON = "person"  # the field that names whom an event or a command is about


class Personal(Enum):
    """What kind of personal data: the table of permissions says who may read each kind."""

    IDENTITY = "identity"  # names, birth date, how and where to reach the person
    PROFILE = "profile"  # what is of a sensitive kind: sex, age, disability, household…
    NOTE = "note"  # free text, in which anything may be said


IDENTITY = Meta(extra={PERSONAL: Personal.IDENTITY})
PROFILE = Meta(extra={PERSONAL: Personal.PROFILE})
NOTE = Meta(extra={PERSONAL: Personal.NOTE})

Identifier = Annotated[str, Meta(extra={HOLDS: "identifier"})]
"""An identifier that a program chose: of a person (a pseudonym), a record, an organisation, an account. It is no name."""

Code = Annotated[str, Meta(extra={HOLDS: "code"})]
"""One of a list that is written down elsewhere: a territory, a thematique, an indicator, a reason for a refusal."""

PublicText = Annotated[str, Meta(extra={HOLDS: "public"})]
"""A text that everybody may read who reads the log: the label of a partner, an address of a program. Its form asks for no name."""


class Sealed(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A value that is encrypted, in base64 (`cipher`)."""

    sealed: str


class PersonalField(NamedTuple):
    name: str
    kind: Personal


KNOWN: dict[type[Any], tuple[PersonalField, ...]] = {}  # a process has some hundred types, and asks at every event


def personal_fields(struct: type[Any]) -> tuple[PersonalField, ...]:
    """The fields of an event or of a command that hold personal data. They are at its top: nothing inside another value is marked."""
    if struct not in KNOWN:
        shape = inspect.type_info(struct)
        assert isinstance(shape, inspect.StructType)
        KNOWN[struct] = tuple(PersonalField(field.name, kind) for field in shape.fields if (kind := kind_of(field.type)))
    return KNOWN[struct]


def kind_of(shape: inspect.Type) -> Personal | None:
    """The kind of personal data that a field with this type holds."""
    match shape:
        case inspect.Metadata(type=inner, extra=extra):
            kind = (extra or {}).get(PERSONAL)
            return kind if isinstance(kind, Personal) else kind_of(inner)
        case inspect.UnionType(types=types):  # a value that may be left out
            return next(filter(None, map(kind_of, types)), None)
        case _:
            return None


def unmarked_texts(shape: inspect.Type, path: str = "") -> Iterator[str]:
    """The paths of the texts in a type that no mark stands for."""
    match shape:
        case inspect.Metadata(type=inner, extra=extra):
            if not {PERSONAL, HOLDS} & (extra or {}).keys():
                yield from unmarked_texts(inner, path)
        case inspect.StrType() | inspect.AnyType():
            yield path
        case inspect.UnionType(types=types):
            for each in types:
                yield from unmarked_texts(each, path)
        case inspect.ListType(item_type=item) | inspect.FrozenSetType(item_type=item):
            yield from unmarked_texts(item, f"{path}[]")
        case inspect.DictType(key_type=key, value_type=content):
            yield from unmarked_texts(key, f"{path}{{}}")
            yield from unmarked_texts(content, f"{path}{{}}")
        case inspect.StructType(cls=cls, fields=fields) if cls is not Sealed:
            for field in fields:
                yield from unmarked_texts(field.type, f"{path}.{field.name}" if path else field.name)
