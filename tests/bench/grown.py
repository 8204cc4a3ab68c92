"""A log of any size, made quickly: a small history told through the loader once, then many copies of its lives, told together.

A copy has its own persons, orientations, referrals and workshops: every identifier of an event is shifted in its written body, the
same everywhere. Partners, computers and the decisions of the programme stay what they are, once. Copies are told event by event, so
that lives overlap as they do in a real log.
"""

import math
import re
import tempfile
from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path
from uuid import UUID

import msgspec

from demo import generator
from services.bootstrap.composition import Components
from services.bootstrap.settings import read_settings
from services.cli.commands import importer
from shared.errors import Conflict
from shared.message import EventBody, EventMessage, encode
from shared.store.port import Append, EventStore, NewEvent, pages

PERSONS, SEED = 120, 7
START, END = date(2022, 7, 1), date(2024, 12, 31)
PAGE = 2_000  # appends given to the log at once
IDENTIFIER = re.compile(rb"\b([0-9a-f]{8})((?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12})\b")  # an answer to the survey has one without dashes


@cache
def told(persons: int = PERSONS) -> list[EventMessage]:
    """A plausible history, every command of it decided and every policy run."""
    with tempfile.TemporaryDirectory() as room:
        parts = Components(read_settings(Path(room), environ={}))
        lines = (msgspec.json.encode(line) for line in generator.generate(persons, SEED, START, END))
        faults = [outcome.fault for outcome in importer(parts).load(lines) if outcome.fault]
        assert not faults, faults[0]
        events = [event for page in pages(parts.store, 0, parts.store.head()) for event in page]
        parts.store.close()
    return events


def copy(event: EventMessage, number: int) -> Append:
    written = encode(EventBody(**{name: getattr(event, name) for name in EventBody.__struct_fields__}))
    body = shifted(written, number)
    own = msgspec.json.decode(body, type=Own)
    return Append(own.subject, event.streamversion - 1, [NewEvent(own.id, event.type, body)], event.recordedtime)


def shifted(text: bytes, number: int) -> bytes:
    return IDENTIFIER.sub(lambda found: b"%08x%b" % (int(found[1], 16) ^ number, found[2]), text)


class Own(msgspec.Struct):
    """What of a copied body the log keeps beside it."""

    id: UUID
    subject: str


def copies(events: list[EventMessage], times: int) -> Iterator[Append]:
    for event in events:
        yield from (copy(event, number) for number in range(times if lives(event) else 1))


def lives(event: EventMessage) -> bool:
    """Whether each copy has its own. A partner, a computer and what the programme decides have no identifier to shift."""
    return IDENTIFIER.search(event.subject.encode()) is not None


def copies_in(total: int) -> int:
    """How many copies make a log of at least so many events."""
    copied = sum(map(lives, told()))
    return max(1, math.ceil((total - len(told()) + copied) / copied))


def grow(store: EventStore, total: int) -> None:
    appends = copies(told(), copies_in(total))
    while page := list(islice(appends, PAGE)):
        assert not [outcome for outcome in store.append_many(page) if isinstance(outcome, Conflict)]
