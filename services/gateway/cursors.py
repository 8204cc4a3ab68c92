"""Cursors: where the next page of a list begins, as a text that clients hand back and do not read."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

import msgspec

from services.gateway.problems import unreadable


def cursor_of(sort: str, values: Sequence[str]) -> str:
    """The cursor after a line that has these values in the columns of the order `sort`."""
    return urlsafe_b64encode(msgspec.json.encode([sort, *values])).rstrip(b"=").decode()


def values_in(cursor: str, sort: str, count: int) -> list[str]:
    """The values of a cursor.

    Raises:
        Problem: 400, it is no cursor of a list in this order.
    """
    try:
        found, *values = msgspec.json.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=list[str])
    except ValueError as fault:  # of base64, of UTF-8 and of msgspec alike
        raise unreadable("cursor : ce n’est pas la suite d’une liste.") from fault
    if found != sort or len(values) != count:
        raise unreadable("cursor : c’est la suite d’une autre liste, ou d’un autre ordre.")
    return values
