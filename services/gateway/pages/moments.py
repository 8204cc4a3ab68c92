"""The moments as of which a page can be read: the days of the programme, and the days before closings among them."""

from datetime import date, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from services.vocabulary.publication import closed_since, closing_day

DAY = timedelta(days=1)


class Closing(NamedTuple):
    """The last day whose events are known at the closing of a quarter; `number` counts the days since the first."""

    quarter: str
    day: date
    number: int


class Moments(NamedTuple):
    """The days from the `first` to the `last` one, which has the number `days`; `shown` is the one whose figures are read."""

    first: date
    last: date
    days: int
    closings: list[Closing]
    shown: date
    number: int


def moments(first: date, today: date, asked: str | None, recorded: str | None) -> Moments:
    """`first` is the first day with figures. `asked` is the moment that a reader names; `recorded` tells the day of a position."""
    named = asked if asked and "-" in asked else recorded if asked else None
    shown = date.fromisoformat(named[:10]) if named else today
    days = {quarter: day for quarter in closed_since(first, today) if (day := closing_day(quarter) - DAY) >= first}
    closings = [Closing(quarter, day, (day - first).days) for quarter, day in days.items()]
    return Moments(first, today, (today - first).days, closings, shown, (shown - first).days)


def kept(**named: object) -> str:
    """The query of a link that keeps what a reader asked for: the version of the definitions, the moment. Without its question mark."""
    return urlencode({name: value for name, value in named.items() if value is not None})
