"""Reading a PostgreSQL log: the stored lines as they are, a pack of rows in one answer, decoded by msgspec in one call.

While this process decodes one pack, the server already fetches the next: the question for it leaves as soon as the last position of
the pack in hand is known. So reading costs what the slower of the two does, and not both.
"""

from collections.abc import Sequence

from psycopg import pq

from shared.errors import Unavailable
from shared.message import EventMessage, Position, decoder_of_lines
from shared.store.port import R
from shared.store.postgres.binary_format import INT8, INT8_ARRAY, TEXT, int8, int8_array
from shared.store.postgres.connection import Connection, Statement
from shared.store.postgres.pool import ConnectionPool

READ_STREAM = Statement("read_stream", "select message from public.events where stream = $1 and version > $2 order by version", TEXT, INT8)
READ_ALL = Statement("read_all", "select message, position from public.events where position > $1 order by position limit $2", INT8, INT8)
READ_AT = Statement("read_at", "select message from public.events where position = any($1) order by position", INT8_ARRAY)
# Events of one answer: a megabyte as events are, 256 MB if each were at the limit. Three times that is in hand while a page is read:
# the rows of one pack, the same in one piece (which its events keep, for their data is a part of it), and the next pack coming in.
PACK = 1_024

decode_lines = decoder_of_lines(EventMessage)


class PostgresReader:
    def __init__(self, links: ConnectionPool) -> None:
        self.links = links

    def stream(self, stream: str, after: int) -> list[EventMessage]:
        return decode_lines(lines(self.links.read(READ_STREAM, stream.encode(), int8(after))))

    def at(self, positions: Sequence[Position]) -> list[EventMessage]:
        return decode_lines(lines(self.links.read(READ_AT, int8_array(positions))))

    def all(self, shape: type[R], after: Position, limit: int) -> list[R]:
        try:
            with self.links.link() as link:
                return page(link, shape, after, limit)
        except Unavailable:  # a read is simply made again when its connection breaks
            with self.links.link() as link:
                return page(link, shape, after, limit)


def page(link: Connection, shape: type[R], after: Position, limit: int) -> list[R]:
    events: list[R] = []
    decode = decoder_of_lines(shape)
    asked = ask(link, after, limit)
    while asked:
        pack = link.receive()
        limit -= asked
        full = pack.ntuples == asked
        asked = ask(link, number(pack.get_value(asked - 1, 1)), limit) if full else 0
        events += decode(lines(pack))
    return events


def ask(link: Connection, after: Position, limit: int) -> int:
    """Asks for the next pack, and says how many events it may have: none when the page is full."""
    size = min(limit, PACK)
    if size > 0:
        link.send(READ_ALL, int8(after), int8(size))
    return max(size, 0)


def lines(rows: pq.abc.PGresult) -> bytes:
    value = rows.get_value
    return b"\n".join([value(row, 0) or b"" for row in range(rows.ntuples)])


def number(value: bytes | None) -> int:
    return int.from_bytes(value or b"", "big")
