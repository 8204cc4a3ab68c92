"""Writing to a PostgreSQL log: one call of one SQL function, `append_events`, commits a group of appends.

How it works
------------
All appends of a commit travel as six arrays: four with one element for each append (stream, expected version, number of events, time
to record or null; no array of times if none is given) and two with one element for each event (type, body). The function walks through
them, using the numbers of events to know which events belong to which append. One round trip, one transaction, one disk flush, whatever
the number of appends.

The rules of the log are in the function (sql/append_events.sql), because only code that holds the writers' lock may decide: it checks
the expected versions, recognises appends that were made before, chooses positions and times, and inserts the rows.

The answer is one array with two numbers for each append: the position and the version of its last event, or CONFLICT and the actual
version of the stream.
"""

from collections.abc import Sequence

from shared.errors import Conflict
from shared.store.port import Append, Appended
from shared.store.postgres.binary_format import (
    INT4_ARRAY,
    INT8_ARRAY,
    TEXT,
    TEXT_ARRAY,
    TIMESTAMPTZ,
    TIMESTAMPTZ_ARRAY,
    pack_array,
    pack_int4_array,
    pack_int8_array,
    pack_text_array,
    pack_timestamptz,
    unpack_int8_array,
)
from shared.store.postgres.connection import Statement
from shared.store.postgres.pool import ConnectionPool

CONFLICT = -1  # in the place of a position
ARRAY_TYPES = (TEXT_ARRAY, INT8_ARRAY, INT4_ARRAY, TIMESTAMPTZ_ARRAY, TEXT_ARRAY, TEXT_ARRAY)
APPEND = Statement("append", "select public.append_events($1, $2, $3, $4, $5, $6)", *ARRAY_TYPES)


class PostgresWriter:
    """Commits appends, through a pool of one connection: `commit` is called by one thread at a time (`GroupCommit`)."""

    def __init__(self, pool: ConnectionPool, statement: Statement = APPEND) -> None:
        self.pool = pool
        self.statement = statement

    def commit(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        """Make these appends in one transaction, and return one outcome for each.

        Raises:
            Unavailable: the connection broke. Whether the transaction was committed is unknown; the same appends made again get the
                outcomes.
        """
        value = self.pool.call(self.statement, *pack_appends(appends)).get_value(0, 0)
        assert value is not None
        numbers = iter(unpack_int8_array(value))
        return [outcome(append, position, version) for append, position, version in zip(appends, numbers, numbers, strict=True)]


def outcome(append: Append, position: int, version: int) -> Appended | Conflict:
    return Conflict(append.stream, append.expected, version) if position == CONFLICT else Appended(position, version)


def pack_appends(appends: Sequence[Append]) -> tuple[bytes | None, ...]:
    """Return the six arrays, packed."""
    events = [event for append in appends for event in append.events]
    times = [append.recorded_at for append in appends]
    return (
        pack_text_array([append.stream for append in appends]),
        pack_int8_array([append.expected for append in appends]),
        pack_int4_array([len(append.events) for append in appends]),
        pack_array(TIMESTAMPTZ, [pack_timestamptz(time) if time else None for time in times]) if any(times) else None,
        pack_text_array([event.type for event in events]),
        pack_array(TEXT, [event.body for event in events]),
    )
