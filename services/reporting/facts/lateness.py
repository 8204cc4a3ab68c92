"""How late a fact was recorded, in days after the end of its quarter. It is worked out for every event, whatever its type.

The quarter of a fact is the one in which it counts: that of its day, or an earlier one, if the event states something of an earlier day
(`FactReader.counted_on`: an exit is told weeks after it). So whatever is recorded after a quarter and changes its figures is late for
that quarter, unless it is a correction, a neutralisation, a merge, a new version of the definitions, or sets a fact aside.
"""

from datetime import UTC, date, datetime
from functools import lru_cache

from services.reporting.facts.change import Change
from services.vocabulary.calendar import end_of_day, local_date, quarter_end, quarter_start, start_of_day
from services.vocabulary.programme import PROGRAMME
from shared.message import Recorded

cached_quarter_end = lru_cache(quarter_end)


@lru_cache
def quarter_bounds(year: int, month: int) -> tuple[datetime, datetime]:
    """The first and the last instant, in local time, of the quarter that contains a month. Both are given in UTC."""
    day = date(year, month, 1)
    return start_of_day(quarter_start(day)).astimezone(UTC), end_of_day(quarter_end(day)).astimezone(UTC)


def late_changes(event: Recorded, counted_on: date | None) -> list[Change]:
    """The row of `late` for a fact that was recorded after its quarter; nothing for any other, nor for a decision for the whole programme.

    `counted_on` is the day in whose quarter the fact counts, if the event says one beside its own.
    """
    if counted_on is None:
        start, end = quarter_bounds(event.time.year, event.time.month)
        if start <= event.time <= event.recordedtime <= end:  # true for most events, and much cheaper than two local dates
            return []
    happened_on = local_date(event.time)
    day = happened_on if counted_on is None else min(happened_on, counted_on)
    lateness = (local_date(event.recordedtime) - cached_quarter_end(day)).days
    if lateness <= 0 or event.territory == PROGRAMME:
        return []
    columns = {"territory": event.territory, "on": day.isoformat(), "kind": event.kind, "lateness": lateness}
    return [Change("late", (event.position,), columns)]
