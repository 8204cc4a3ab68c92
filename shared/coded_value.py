"""Values that are stored as a code and read by people as a label, both declared in one line.

class Channel(CodedValue):
    STREET = "RUE", "dans la rue"

The log, the wire and the database hold the code ("RUE"); pages show the label. A member compares equal to its code, because it is one.
"""

from enum import StrEnum
from typing import Self


class CodedValue(StrEnum):
    """A closed list of codes. The code is persisted and never changes; the label is French and may."""

    label: str

    def __new__(cls, code: str, label: str) -> Self:
        member = str.__new__(cls, code)
        member._value_ = code
        member.label = label
        return member
