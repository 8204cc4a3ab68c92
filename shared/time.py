"""Clocks and calendars. The only place of the system that asks what time it is."""

import calendar
from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")

Clock = Callable[[], datetime]


def now() -> datetime:
    """This instant, in UTC, to the microsecond."""
    return datetime.now(UTC)


def local_date(moment: datetime) -> date:
    """The calendar day of an instant where the programme is run."""
    return moment.astimezone(PARIS).date()


def start_of_day(day: date) -> datetime:
    """The first instant of a calendar day where the programme is run."""
    return datetime(day.year, day.month, day.day, tzinfo=PARIS)


def end_of_day(day: date) -> datetime:
    """The last microsecond of a calendar day where the programme is run."""
    return datetime(day.year, day.month, day.day, 23, 59, 59, 999_999, tzinfo=PARIS)


def add_months(day: date, months: int) -> date:
    """The same day `months` later, clamped to the end of that month: 30 November + 3 is 28 or 29 February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
