"""Quarters, as they are written (2024-Q2) and as they are read (2e trimestre 2024)."""

import re

from shared.errors import Refused

WRITTEN = re.compile(r"(20\d{2})-Q([1-4])")


def ordinal(quarter: str) -> int:
    """A number that grows by one each quarter."""
    found = WRITTEN.fullmatch(quarter)
    if found is None:
        raise Refused("quarter_unreadable", f"« {quarter} » n’est pas un trimestre ; 2024-Q2 est attendu.")
    return int(found[1]) * 4 + int(found[2]) - 1


def written(number: int) -> str:
    return f"{number // 4}-Q{number % 4 + 1}"


def label(quarter: str) -> str:
    year, number = divmod(ordinal(quarter), 4)
    return f"{'1er' if number == 0 else f'{number + 1}e'} trimestre {year}"


def span(first: str, last: str) -> list[str]:
    """Every quarter from one to the other, both included."""
    return [written(number) for number in range(ordinal(first), ordinal(last) + 1)]
