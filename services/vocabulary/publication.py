"""When readers of masked figures get to see a quarter: once, when it is closed. Pure.

A quarter is closed DAYS_TO_CLOSE days after its last day. Its figures are then counted from what was recorded before that day and do not
change any more for these readers. So nobody can follow a figure from one event to the next, and the feed has nothing else to tell them.
"""

from datetime import date, datetime, timedelta

from services.vocabulary.calendar import add_months, local_date, quarter_of

DAYS_TO_CLOSE = 15
MONTHS_OF_QUARTER = 3


def closing_day(quarter: str) -> date:
    """The day from which a quarter (`2024-Q2`) is closed: what is recorded on it is not counted any more."""
    year, number = quarter.split("-Q")
    return add_months(date(int(year), int(number) * MONTHS_OF_QUARTER, 1), 1) + timedelta(days=DAYS_TO_CLOSE)


def is_closed(quarter: str, moment: datetime) -> bool:
    return closing_day(quarter) <= local_date(moment)


def period(recorded: datetime) -> int:
    """A number that increases by one when a quarter closes. Events recorded in one period are first shown together."""
    day = local_date(recorded) - timedelta(days=DAYS_TO_CLOSE)
    return day.year * 4 + (day.month - 1) // MONTHS_OF_QUARTER


def closed_since(first: date, until: date) -> list[str]:
    """The quarters from the first day of a programme on that are closed on a day, in order."""
    found, day = [], first
    while closing_day(quarter_of(day)) <= until:
        found.append(quarter_of(day))
        day = add_months(day, MONTHS_OF_QUARTER)
    return found
