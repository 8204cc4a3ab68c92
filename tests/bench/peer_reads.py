"""Reads of the peer: our log is copied into its table, with the same bodies in the same order."""

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
from tests.bench.floors import is_postgres, other_file
from tests.bench.light_fold import SHAPE, Tally
from tests.bench.measuring import OpenWorker, Work
from tests.bench.own_process import Run
from tests.bench.peer import recorder
from tests.bench.table import PEER

PAGE_SIZE = 4_096
LOG_FIELDS = {"position", "streamversion", "recordedtime", "previous"}  # the fields that our log adds to a body
COPY_POSTGRES = """insert into stored_events (originator_id, originator_version, topic, state)
    select md5(stream)::uuid, version, type, convert_to('{' || substr(message::text, strpos(message::text, '"id":')), 'UTF8')
    from events order by position"""
COPY_SQLITE = """insert into stored_events
    select cast(stream as text), version, type, cast('{' || substr(message, instr(message, '"id":')) as blob)
    from log.events order by position"""


def copy_log(address: str) -> None:
    """Copy our log into the peer's table. This is not measured, so it is done in SQL, not by the peer."""
    with recorder(address):
        if is_postgres(address):
            with psycopg.connect(address, autocommit=True) as connection:
                connection.execute(COPY_POSTGRES)
                connection.execute("vacuum analyze stored_events")
        else:
            with closing(connect(other_file(address, PEER))) as file:
                file.execute("attach ? as log", (str(Path(address)),))
                file.execute(COPY_SQLITE)


def decoder(shape: type[Any]) -> Callable[[bytes], list[Any]]:
    """Return a decoder of bodies for the fields of `shape`, without those that belong to the log."""
    fields = [
        (field.name, field.type) if field.default is NODEFAULT else (field.name, field.type, field.default)
        for field in msgspec.structs.fields(shape)
        if field.name not in LOG_FIELDS
    ]
    state = msgspec.defstruct(shape.__name__, fields, frozen=True, gc=False, kw_only=True)
    return msgspec.json.Decoder(state).decode_lines


@contextmanager
def loads(address: str, streams: list[str], size: int) -> Iterator[OpenWorker]:
    is_sqlite, decode = not is_postgres(address), decoder(EventMessage)
    ids: list[UUID | str] = [stream if is_sqlite else UUID(bytes=hashlib.md5(stream.encode()).digest()) for stream in streams]
    with recorder(address) as peer:

        @contextmanager
        def open_worker() -> Iterator[Work]:
            generator = random.Random(1)

            def work() -> int:
                events = decode(b"\n".join([event.state for event in peer.select_events(generator.choice(ids))]))
                assert len(events) >= size
                return 1

            yield work

        yield open_worker


def folded(address: str) -> Tally:
    tally, decode = Tally(), decoder(SHAPE)
    with recorder(address) as peer:
        start = None
        while page := peer.select_notifications(start, PAGE_SIZE, inclusive_of_start=False):
            start = page[-1].id
            tally.fold(decode(b"\n".join([event.state for event in page])), start)
    return tally


def fold(log: str, models: str) -> Run:
    return lambda: folded(log).total
