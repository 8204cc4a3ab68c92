"""The one call by which events enter a PostgreSQL log."""

from collections.abc import Sequence

from shared.errors import Conflict
from shared.store.port import Append, Appended
from shared.store.postgres.binary_format import TEXT, TIMESTAMPTZ, array, int4_array, int8_array, int8s, text_array, timestamptz
from shared.store.postgres.connection import Statement
from shared.store.postgres.pool import ConnectionPool

CONFLICT = -1
# The types of the six arrays: text, bigint, integer, timestamptz, text, text.
APPEND = Statement("append", "select public.append_events($1, $2, $3, $4, $5, $6)", 1009, 1016, 1007, 1185, 1009, 1009)


class PostgresWriter:
    def __init__(self, links: ConnectionPool) -> None:
        self.links = links

    def commit(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        """One call, one transaction. A lost connection raises Unavailable: whether it was committed is then unknown, and the same
        appends sent again get the answer."""
        with self.links.link() as link:
            value = link.call(APPEND, *packed(appends)).get_value(0, 0)
        assert value is not None
        numbers = int8s(value)
        return [outcome(append, *numbers[2 * n : 2 * n + 2]) for n, append in enumerate(appends)]


def outcome(append: Append, position: int, version: int) -> Appended | Conflict:
    return Conflict(append.stream, append.expected, version) if position == CONFLICT else Appended(position, version)


def packed(appends: Sequence[Append]) -> tuple[bytes, ...]:
    """Four arrays with an element for each append, two with one for each event: the sizes say which events are whose."""
    events = [event for append in appends for event in append.events]
    return (
        text_array([append.stream for append in appends]),
        int8_array([append.expected for append in appends]),
        int4_array([len(append.events) for append in appends]),
        array(TIMESTAMPTZ, [timestamptz(append.recorded_at) if append.recorded_at else None for append in appends]),
        text_array([event.type for event in events]),
        array(TEXT, [event.body for event in events]),
    )
