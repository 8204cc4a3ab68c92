"""Quarters: their ids (`2024-Q2`), their order, and their French names (`2e trimestre 2024`)."""

import re

from shared.errors import Refused

QUARTER_ID = re.compile(r"(20[0-9]{2})-Q([1-4])")


def ordinal(quarter: str) -> int:
    """A number that increases by one from each quarter to the next.

    Raises:
        Refused: this is not the id of a quarter (`quarter_unreadable`).
    """
    match = QUARTER_ID.fullmatch(quarter)
    if match is None:
        raise Refused("quarter_unreadable", quarter=quarter)
    return int(match[1]) * 4 + int(match[2]) - 1


def quarter_id(number: int) -> str:
    """The quarter with this ordinal."""
    return f"{number // 4}-Q{number % 4 + 1}"


def label(quarter: str) -> str:
    """The quarter's name in French."""
    year, index = divmod(ordinal(quarter), 4)
    return f"{'1er' if index == 0 else f'{index + 1}e'} trimestre {year}"


def quarters_between(first: str, last: str) -> list[str]:
    """Every quarter from the first to the last, both included."""
    return [quarter_id(number) for number in range(ordinal(first), ordinal(last) + 1)]


def quarter_before(quarter: str) -> str:
    return quarter_id(ordinal(quarter) - 1)
