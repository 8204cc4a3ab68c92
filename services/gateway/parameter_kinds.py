"""What a query parameter may be: how its text is read, and how OpenAPI describes it."""

import re
from collections.abc import Callable, Collection
from typing import Any

from msgspec import Struct

from services.vocabulary.french import VALIDATION

MAX_POSITION = 10**18 - 1  # fits the integer column of every database

Members = dict[str, Any]


class Kind(Struct, frozen=True):
    """What a parameter may be: `read` returns its value, or raises ValueError with what is expected, in French."""

    schema: Members
    read: Callable[[str], Any]


def number(least: int, most: int) -> Kind:
    expected = f"Un nombre entier est attendu, de {least} à {most}."

    def read(text: str) -> int:
        # A longer text is not converted: Python refuses to read thousands of digits, and takes time for it.
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most):
            raise ValueError(expected)
        return int(text)

    return Kind({"type": "integer", "minimum": least, "maximum": most}, read)


def one_of(choices: Collection[str], read_as: Callable[[str], str] = str) -> Kind:
    listed = list(choices)

    def read(text: str) -> str:
        if text not in listed:
            raise ValueError(VALIDATION.one_of.format(choices=", ".join(listed)))
        return read_as(text)

    return Kind({"type": "string", "enum": listed}, read)


def matching(pattern: str, expected: str) -> Kind:
    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(expected)
        return text

    return Kind({"type": "string", "pattern": f"^{pattern}$"}, read)


def text_of(most: int) -> Kind:
    """A text that is only shown again, or looked at further."""

    def read(text: str) -> str:
        if not 1 <= len(text) <= most:
            raise ValueError(VALIDATION.length.format(min=1, max=most))
        return text

    return Kind({"type": "string", "minLength": 1, "maxLength": most}, read)


POSITION_KIND = number(0, MAX_POSITION)
