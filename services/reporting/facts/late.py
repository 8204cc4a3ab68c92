"""How late a fact was recorded. Any event may be late, also one that no other fact is made of."""

from functools import lru_cache

from services.reporting.facts.reading import Change
from services.reporting.facts.tables import quarter_end
from shared.message import EventMessage
from shared.time import local_date

quarter_ends = lru_cache(quarter_end)


def lateness(event: EventMessage) -> int:
    """Days between the end of the fact's quarter and its recording; none within the quarter."""
    recorded, end = local_date(event.recordedtime), quarter_ends(local_date(event.time))
    return (recorded - end).days if recorded > end else 0


def late(event: EventMessage, days: int) -> Change:
    columns = {"territory": event.territory, "on": local_date(event.time).isoformat(), "kind": event.kind, "lateness": days}
    return Change("late", (event.position,), columns)
