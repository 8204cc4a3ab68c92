"""What compiled questions call: window functions over the rows that were found, and the row of an outer join without a match."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

Row = tuple[Any, ...]


class NoRow(dict[str, Any]):
    """Every column is None."""

    def __missing__(self, name: str) -> None:
        return None


NO_ROW = NoRow()


class Window(Struct, frozen=True):
    """A window function: the column `at` which it gives its value, and the columns from `start` on that it is worked out of:

    so many `arguments`, then the keys of the `partition`, then those of the order. `descending` tells of each of these.
    """

    at: int
    function: str
    start: int
    arguments: int
    partition: int
    descending: list[bool]


def windowed(found: Sequence[Row], windows: Iterable[Window], width: int) -> list[Row]:
    """The rows with the values of their window functions, in any order; columns from `width` on are left out."""
    rows = [list(row) for row in found]
    if len(rows) == 1:  # as with most persons: there is nothing to put in order
        for window in windows:
            (rows[0][window.at],) = FUNCTIONS[window.function](rows, window.start)
        return [tuple(rows[0][:width])]
    for window in windows:
        keys, order = window.start + window.arguments, window.start + window.arguments + window.partition
        parts: dict[Row, list[list[Any]]] = {}
        for row in rows:
            parts.setdefault(tuple(row[keys:order]), []).append(row)
        for part in parts.values():
            for number, last in reversed([*enumerate(window.descending, order)]):
                part.sort(key=lambda row, number=number: row[number], reverse=last)  # type: ignore[misc]
            for row, value in zip(part, FUNCTIONS[window.function](part, window.start), strict=True):
                row[window.at] = value
    return [tuple(row[:width]) for row in rows]


def row_number(part: Sequence[Sequence[Any]], argument: int) -> Iterable[Any]:
    return range(1, len(part) + 1)


def first_value(part: Sequence[Sequence[Any]], argument: int) -> Iterable[Any]:
    return [part[0][argument]] * len(part)


def lead(part: Sequence[Sequence[Any]], argument: int) -> Iterable[Any]:
    return [*(row[argument] for row in part[1:]), None]


FUNCTIONS: Mapping[str, Callable[[Sequence[Sequence[Any]], int], Iterable[Any]]] = {
    "row_number": row_number,
    "first_value": first_value,
    "lead": lead,
}


def limit_one(found: Iterable[tuple[Any, Any]], last: bool) -> Any:
    """The value with the first key, or the last; None if nothing was found."""
    found = sorted(found, key=lambda pair: pair[0], reverse=last)
    return found[0][1] if found else None
