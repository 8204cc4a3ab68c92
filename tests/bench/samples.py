"""The events that every side writes: the same bodies, encoded before the measurement, in streams of ten appends each."""

from collections.abc import Iterator
from itertools import count, islice
from typing import NamedTuple
from uuid import UUID, uuid4

from tests.contract.store.writing import event

APPENDS_PER_STREAM = 10
DATA = (
    b'{"type":"InterviewHeld","person":"5f1c6a1e-6b0e-4a53-9d0e-0d5c1f2b7a11","rank":1,"mode":"PRESENTIEL","minutes":45,'
    b'"by":"coach-1","on":"2024-04-02"}'
)
SAMPLES = [event("journey-5f1c6a1e-6b0e-4a53-9d0e-0d5c1f2b7a11", data=DATA, kind="coaching.InterviewHeld") for _ in range(1_000)]
TYPE = SAMPLES[0].type


class Row(NamedTuple):
    stream: int  # 128 bits; each side makes a stream name of it
    version: int
    id: UUID
    body: bytes


def batches(size: int, spread: bool) -> Iterator[list[Row]]:
    """Yield batches for one writer without end: each for one stream, or, if `spread`, with a new stream for each event."""
    streams = count(uuid4().int >> 32 << 32)
    samples = ((sample.id, sample.body) for _ in count() for sample in SAMPLES)
    while True:
        if spread:
            yield [Row(next(streams), 1, *sample) for sample in islice(samples, size)]
            continue
        stream = next(streams)
        for first in range(1, APPENDS_PER_STREAM * size, size):
            yield [Row(stream, first + index, *sample) for index, sample in enumerate(islice(samples, size))]
