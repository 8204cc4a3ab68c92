"""Calendar days where the programme is run. Pure: the instant is always given."""

import calendar
from datetime import date, datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Paris")
"""The time zone of the programme: it decides on which calendar day something happened."""


def local_date(moment: datetime) -> date:
    """The calendar day of an instant."""
    return moment.astimezone(ZONE).date()


def start_of_day(day: date) -> datetime:
    """The first instant of a calendar day."""
    return datetime(day.year, day.month, day.day, tzinfo=ZONE)


def end_of_day(day: date) -> datetime:
    """The last microsecond of a calendar day."""
    return datetime(day.year, day.month, day.day, 23, 59, 59, 999_999, tzinfo=ZONE)


def add_months(day: date, months: int) -> date:
    """The same day `months` later, clamped to the end of that month: 30 November + 3 is 28 or 29 February (invariant 5)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
