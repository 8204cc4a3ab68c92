"""Reading a PostgreSQL log: the stored JSON lines are fetched in chunks of rows, and each chunk is decoded in one call of msgspec.

How it works
------------
A page of many events is read in chunks of CHUNK_SIZE rows, and the two sides work at the same time: as soon as a chunk has arrived, its
last position is known, so the query for the next chunk is sent before this one is decoded. The server fetches the next rows while this
process decodes. So a page takes as long as the slower side alone, not the sum of both.

Memory: a chunk is about a megabyte with events of usual size, and 256 MB if each is at the limit. Three times that is in use while
a page is read: the rows of one chunk, the same rows joined into one string of bytes (whose parts the decoded events keep as their
`data`), and the next chunk, which is arriving.
"""

from collections.abc import Collection, Sequence

from psycopg import pq

from shared.errors import Unavailable
from shared.message import EventMessage, Position, decoder_of_lines
from shared.store.port import R
from shared.store.postgres.binary_format import INT8, INT8_ARRAY, TEXT, TEXT_ARRAY, pack_int8, pack_int8_array, pack_text_array, unpack_int8
from shared.store.postgres.connection import Connection, Statement
from shared.store.postgres.pool import ConnectionPool
from shared.store.stored import StoredEvent

READ_STREAM = Statement("read_stream", "select message from public.events where stream = $1 and version > $2 order by version", TEXT, INT8)
READ_STREAMS = Statement("read_streams", "select message from public.events where stream = any($1) order by stream, version", TEXT_ARRAY)
READ_ALL = Statement("read_all", "select message, position from public.events where position > $1 order by position limit $2", INT8, INT8)
READ_STORED = Statement(
    "read_stored",
    """select position, stream, version, type, to_char(recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US+00:00'), message
    from public.events where position > $1 order by position limit $2""",
    INT8,
    INT8,
)
READ_AT = Statement("read_at", "select message from public.events where position = any($1) order by position", INT8_ARRAY)
CHUNK_SIZE = 1_024  # rows

decode_lines = decoder_of_lines(EventMessage)


class PostgresReader:
    """The reads of a store. Each is made once more, on another connection, if its connection breaks."""

    def __init__(self, pool: ConnectionPool) -> None:
        self.pool = pool

    def read_stream(self, stream: str, after: int) -> list[EventMessage]:
        return decode_lines(lines(self.pool.call_idempotent(READ_STREAM, stream.encode(), pack_int8(after))))

    def read_streams(self, streams: Collection[str]) -> list[EventMessage]:
        return decode_lines(lines(self.pool.call_idempotent(READ_STREAMS, pack_text_array([*streams]))))

    def read_at(self, positions: Sequence[Position]) -> list[EventMessage]:
        return decode_lines(lines(self.pool.call_idempotent(READ_AT, pack_int8_array(positions))))

    def read_stored(self, after: Position, limit: int) -> list[StoredEvent]:
        rows = self.pool.call_idempotent(READ_STORED, pack_int8(after), pack_int8(max(limit, 0)))
        return [stored_event([rows.get_value(row, column) or b"" for column in range(rows.nfields)]) for row in range(rows.ntuples)]

    def read_page(self, shape: type[R], after: Position, limit: int) -> list[R]:
        try:
            with self.pool.connection() as connection:
                return read_in_chunks(connection, shape, after, limit)
        except Unavailable:
            with self.pool.connection() as connection:
                return read_in_chunks(connection, shape, after, limit)


def stored_event(row: Sequence[bytes]) -> StoredEvent:
    position, stream, version, kind, recorded, line = row
    return StoredEvent(unpack_int8(position), stream.decode(), unpack_int8(version), kind.decode(), recorded.decode(), line)


def read_in_chunks(connection: Connection, shape: type[R], after: Position, limit: int) -> list[R]:
    """Return at most `limit` events after a position; the next chunk is requested before this one is decoded."""
    events: list[R] = []
    decode = decoder_of_lines(shape)
    requested = request_chunk(connection, after, limit)
    while requested:
        chunk = connection.receive()
        limit -= requested
        is_full = chunk.ntuples == requested
        requested = request_chunk(connection, unpack_int8(chunk.get_value(requested - 1, 1)), limit) if is_full else 0
        events += decode(lines(chunk))
    return events


def request_chunk(connection: Connection, after: Position, limit: int) -> int:
    """Request the next chunk and return how many rows it may have; 0, without a request, if `limit` is reached."""
    size = min(limit, CHUNK_SIZE)
    if size > 0:
        connection.send(READ_ALL, pack_int8(after), pack_int8(size))
    return max(size, 0)


def lines(rows: pq.abc.PGresult) -> bytes:
    """Return the first column of the rows, one row a line."""
    value = rows.get_value
    return b"\n".join([value(row, 0) or b"" for row in range(rows.ntuples)])
