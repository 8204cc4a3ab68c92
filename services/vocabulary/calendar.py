"""Calendar days where the programme is run. Pure: the instant is always given."""

import calendar
from datetime import date, datetime, timedelta
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


def quarter_of(day: date) -> str:
    """The quarter that contains a day, as `2024-Q2`."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def quarter_start(day: date) -> date:
    """The first day of the quarter that contains a day."""
    return date(day.year, (day.month + 2) // 3 * 3 - 2, 1)


def quarter_end(day: date) -> date:
    """The last day of the quarter that contains a day."""
    month = (day.month + 2) // 3 * 3
    return date(day.year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
