"""What compiled questions call: window functions over the rows that were found, and the row of an outer join without a match."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from msgspec import Struct

Row = tuple[Any, ...]


class NoRow(dict[str, Any]):
    """Every column is None."""

    def __missing__(self, name: str) -> None:
        return None


NO_ROW = NoRow()


class Function(Struct, frozen=True):
    """A window function: the column `at` which it gives its value, and that of its argument."""

    at: int
    name: str
    argument: int


class Window(Struct, frozen=True):
    """A window, and the functions over it. From the column `start` on are the keys of the partition, then those of the order.

    `descending` tells of each key of the order.
    """

    functions: list[Function]
    start: int
    partition: int
    descending: list[bool]


def windowed(found: Sequence[Row], windows: Iterable[Window], width: int) -> list[Row]:
    """The rows with the values of their window functions, in any order; columns from `width` on are left out."""
    rows = [list(row) for row in found]
    for window in windows:
        for part in ordered_parts(rows, window):
            for function in window.functions:
                for row, value in zip(part, FUNCTIONS[function.name](part, function.argument), strict=True):
                    row[function.at] = value
    return [tuple(row[:width]) for row in rows]


def ordered_parts(rows: list[list[Any]], window: Window) -> Iterable[list[list[Any]]]:
    if len(rows) < 2:  # as with most persons: there is nothing to put in order
        return [rows] if rows else []
    order = window.start + window.partition
    parts: dict[Row, list[list[Any]]] = {}
    for row in rows:
        parts.setdefault(tuple(row[window.start : order]), []).append(row)
    for part in parts.values():
        if len(part) > 1:
            for number, last in reversed([*enumerate(window.descending, order)]):
                part.sort(key=itemgetter(number), reverse=last)
    return parts.values()


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
