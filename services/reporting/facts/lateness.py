"""How late a fact was recorded. Any event may be late, also one that no other fact is made of."""

from datetime import UTC, date, datetime
from functools import lru_cache

from services.reporting.facts.change import Change
from services.reporting.facts.tables import quarter_end, quarter_start
from shared.message import Recorded
from shared.time import end_of_day, local_date, start_of_day

quarter_ends = lru_cache(quarter_end)


@lru_cache
def span(year: int, month: int) -> tuple[datetime, datetime]:
    """The first and the last instant of the quarter of a month, where the programme is run."""
    day = date(year, month, 1)
    return start_of_day(quarter_start(day)).astimezone(UTC), end_of_day(quarter_end(day)).astimezone(UTC)


def lateness(event: Recorded) -> int:
    """Days between the end of the fact's quarter and its recording; none within the quarter."""
    begin, end = span(event.time.year, event.time.month)
    if begin <= event.time <= event.recordedtime <= end:  # nearly every event: no calendar day is worked out for it
        return 0
    recorded, last = local_date(event.recordedtime), quarter_ends(local_date(event.time))
    return (recorded - last).days if recorded > last else 0


def late(event: Recorded, days: int) -> Change:
    columns = {"territory": event.territory, "on": local_date(event.time).isoformat(), "kind": event.kind, "lateness": days}
    return Change("late", (event.position,), columns)
