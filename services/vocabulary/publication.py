"""When readers of masked figures get to see a quarter: once, when it is closed. Pure.

A quarter is closed DAYS_TO_CLOSE days after its last day. Its figures are then counted from what was recorded before that day and do not
change any more for these readers. So nobody can follow a figure from one event to the next, and the feed has nothing else to tell them.
"""

from datetime import date, datetime, timedelta

from services.vocabulary.calendar import add_months, local_date

DAYS_TO_CLOSE = 15
MONTHS_OF_QUARTER = 3


def closing_day(first_day: date) -> date:
    """The day from which the quarter that begins on `first_day` is closed: what is recorded on it is not counted any more."""
    return add_months(first_day, MONTHS_OF_QUARTER) + timedelta(days=DAYS_TO_CLOSE)


def period(recorded: datetime) -> int:
    """A number that increases by one when a quarter closes. Events recorded in one period are first shown together."""
    day = local_date(recorded) - timedelta(days=DAYS_TO_CLOSE)
    return day.year * 4 + (day.month - 1) // MONTHS_OF_QUARTER
