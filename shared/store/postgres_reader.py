"""Reading a PostgreSQL log: lines of JSON made by the server, a few hundred in a value, decoded by msgspec in one call.

A row for each event would cost more in the protocol and in the interpreter than the decoding itself. While this process decodes one
pack, the server already makes the next: the question for it leaves as soon as the last position of the pack in hand is known.
"""

from pathlib import Path

import msgspec

from shared.errors import Unavailable
from shared.message import EventMessage, Position
from shared.store.libpq import INT8, TEXT, Link, Links, Statement, int8

ROOM = Path(__file__).parent / "sql"
READ_STREAM = Statement("read_stream", (ROOM / "read_stream.sql").read_text(), TEXT, INT8)
READ_ALL = Statement("read_all", (ROOM / "read_all.sql").read_text(), INT8, INT8)
PACK = 1_024  # events of one value, 256 MB of them at worst: PostgreSQL makes none over 1 GB

decode_lines = msgspec.json.Decoder(EventMessage).decode_lines
HEAD = b'{"previous":'


class PostgresReader:
    def __init__(self, links: Links) -> None:
        self.links = links

    def stream(self, stream: str, after: int) -> list[EventMessage]:
        result = self.links.read(READ_STREAM, stream.encode(), int8(after))
        events: list[EventMessage] = []
        for row in range(result.ntuples):
            events += decode_lines(result.get_value(row, 0) or b"")
        return events

    def all(self, after: Position, limit: int) -> list[EventMessage]:
        try:
            with self.links.link() as link:
                return page(link, after, limit)
        except Unavailable:  # a read is simply made again when its connection breaks
            with self.links.link() as link:
                return page(link, after, limit)


def page(link: Link, after: Position, limit: int) -> list[EventMessage]:
    events: list[EventMessage] = []
    head = b""
    asked = ask(link, after, limit)
    while asked:
        result = link.receive()
        pack = result.get_value(0, 0)
        if pack is None:
            break
        end = pack.rindex(b"\n")
        this, head = head or b"%b%d" % (HEAD, number(result.get_value(0, 2))), pack[end + 1 :]
        limit -= asked
        full = number(result.get_value(0, 1)) == asked
        asked = ask(link, int(head[len(HEAD) :]), limit) if full else 0
        events += decode_lines(this + pack[:end])
    return events


def ask(link: Link, after: Position, limit: int) -> int:
    """Asks for the next pack, and says how many events it may have: none when the page is full."""
    size = min(limit, PACK)
    if size > 0:
        link.send(READ_ALL, int8(after), int8(size))
    return max(size, 0)


def number(value: bytes | None) -> int:
    return int.from_bytes(value or b"", "big")
