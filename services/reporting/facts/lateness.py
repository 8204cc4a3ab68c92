"""How late a fact was recorded, in days after the end of its quarter. It is worked out for every event, whatever its type."""

from datetime import UTC, date, datetime
from functools import lru_cache

from services.reporting.facts.change import Change
from services.reporting.facts.tables import quarter_end, quarter_start
from services.vocabulary.calendar import end_of_day, local_date, start_of_day
from shared.message import Recorded

cached_quarter_end = lru_cache(quarter_end)


@lru_cache
def quarter_bounds(year: int, month: int) -> tuple[datetime, datetime]:
    """The first and the last instant, in local time, of the quarter that contains a month. Both are given in UTC."""
    day = date(year, month, 1)
    return start_of_day(quarter_start(day)).astimezone(UTC), end_of_day(quarter_end(day)).astimezone(UTC)


def lateness(event: Recorded) -> int:
    """Days between the end of the fact's quarter and its recording; 0 when it was recorded within the quarter."""
    start, end = quarter_bounds(event.time.year, event.time.month)
    if start <= event.time <= event.recordedtime <= end:  # true for most events, and much cheaper than two local dates
        return 0
    recorded_on, last_day = local_date(event.recordedtime), cached_quarter_end(local_date(event.time))
    return (recorded_on - last_day).days if recorded_on > last_day else 0


def late_change(event: Recorded, days: int) -> Change:
    columns = {"territory": event.territory, "on": local_date(event.time).isoformat(), "kind": event.kind, "lateness": days}
    return Change("late", (event.position,), columns)
