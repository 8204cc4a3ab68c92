"""What the peer reads: our log, taken over into its table with the same bodies in the same order."""

import hashlib
import random
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from msgspec import NODEFAULT

from shared.message import EventMessage
from shared.store.sqlite.connections import connect
from tests.bench.alone import Run
from tests.bench.floors import beside, is_postgres
from tests.bench.light import SHAPE, Tally
from tests.bench.measuring import Begin, Work
from tests.bench.peer import recorder
from tests.bench.table import PEER

PAGE = 4_096
LOGS_OWN = {"position", "streamversion", "recordedtime", "previous"}  # what our log adds to a body: it is not in the peer's state
TAKE_POSTGRES = """insert into stored_events (originator_id, originator_version, topic, state)
    select md5(stream)::uuid, version, type, convert_to('{' || substr(message::text, strpos(message::text, '"id":')), 'UTF8')
    from events order by position"""
TAKE_SQLITE = """insert into stored_events
    select cast(stream as text), version, type, cast('{' || substr(message, instr(message, '"id":')) as blob)
    from log.events order by position"""


def take_over(address: str) -> None:
    """Not measured: so it goes past the peer's own way to write."""
    with recorder(address):
        if is_postgres(address):
            with psycopg.connect(address, autocommit=True) as connection:
                connection.execute(TAKE_POSTGRES)
                connection.execute("vacuum analyze stored_events")
        else:
            with closing(connect(beside(address, PEER))) as file:
                file.execute("attach ? as log", (str(Path(address)),))
                file.execute(TAKE_SQLITE)


def decoder(shape: type[Any]) -> Callable[[bytes], list[Any]]:
    """Decodes a body as our log decodes the whole event: the same fields, but for the log's own."""
    fields = [
        (field.name, field.type) if field.default is NODEFAULT else (field.name, field.type, field.default)
        for field in msgspec.structs.fields(shape)
        if field.name not in LOGS_OWN
    ]
    state = msgspec.defstruct(shape.__name__, fields, frozen=True, gc=False, kw_only=True)
    return msgspec.json.Decoder(state).decode_lines


@contextmanager
def loads(address: str, streams: list[str], size: int) -> Iterator[Begin]:
    text, decode = not is_postgres(address), decoder(EventMessage)
    ids: list[UUID | str] = [stream if text else UUID(bytes=hashlib.md5(stream.encode()).digest()) for stream in streams]
    with recorder(address) as made:

        @contextmanager
        def begin() -> Iterator[Work]:
            chance = random.Random(1)

            def work() -> int:
                events = decode(b"\n".join([event.state for event in made.select_events(chance.choice(ids))]))
                assert len(events) >= size
                return 1

            yield work

        yield begin


def folded(address: str) -> Tally:
    tally, decode = Tally(), decoder(SHAPE)
    with recorder(address) as made:
        start = None
        while page := made.select_notifications(start, PAGE, inclusive_of_start=False):
            start = page[-1].id
            tally.fold(decode(b"\n".join([event.state for event in page])), start)
    return tally


def fold(log: str, models: str) -> Run:
    return lambda: folded(log).total
