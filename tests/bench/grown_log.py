"""A log of any size, made quickly: a small history is generated and loaded once, and then appended in many copies.

Each copy has its own persons, orientations, referrals and workshops: in the encoded body of an event, every identifier is changed, in the
same way everywhere. Partners, computers and the decisions of the programme are appended only once. For each event of the history all
copies are appended before the next event, so the events of one stream are scattered as in a real log.
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
CHUNK_SIZE = 2_000  # appends in one call
# The dashes are optional: answers to the survey have identifiers without.
IDENTIFIER = re.compile(rb"\b([0-9a-f]{8})((?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12})\b")


@cache
def history(persons: int = PERSONS) -> list[EventMessage]:
    """Return a plausible history: all commands were decided and all policies were run."""
    with tempfile.TemporaryDirectory() as folder:
        parts = Components(read_settings(Path(folder), environ={}))
        lines = (msgspec.json.encode(line) for line in generator.generate(persons, SEED, START, END))
        faults = [outcome.fault for outcome in importer(parts).load(lines) if outcome.fault]
        assert not faults, faults[0]
        events = [event for page in pages(parts.store, 0, parts.store.head()) for event in page]
        parts.store.close()
    return events


def copied(event: EventMessage, number: int) -> Append:
    """Return the append of an event in the copy with this number; number 0 is the original."""
    body = encode(EventBody(**{name: getattr(event, name) for name in EventBody.__struct_fields__}))
    copied_body = shift_identifiers(body, number)
    names = msgspec.json.decode(copied_body, type=StreamAndId)
    return Append(names.subject, event.streamversion - 1, [NewEvent(names.id, event.type, copied_body)], event.recordedtime)


def shift_identifiers(text: bytes, number: int) -> bytes:
    return IDENTIFIER.sub(lambda match: b"%08x%b" % (int(match[1], 16) ^ number, match[2]), text)


class StreamAndId(msgspec.Struct):
    """The fields of a body that are needed for its append."""

    id: UUID
    subject: str


def copies(events: list[EventMessage], times: int) -> Iterator[Append]:
    for event in events:
        yield from (copied(event, number) for number in range(times if is_copied(event) else 1))


def is_copied(event: EventMessage) -> bool:
    """Whether each copy has an event of its own: its stream has an identifier. Those of partners, computers and the programme have none."""
    return IDENTIFIER.search(event.subject.encode()) is not None


def copies_in(total: int) -> int:
    """Return how many copies make a log of at least `total` events."""
    per_copy = sum(map(is_copied, history()))
    return max(1, math.ceil((total - len(history()) + per_copy) / per_copy))


def grow(store: EventStore, total: int) -> None:
    appends = copies(history(), copies_in(total))
    while chunk := list(islice(appends, CHUNK_SIZE)):
        assert not [outcome for outcome in store.append_many(chunk) if isinstance(outcome, Conflict)]
