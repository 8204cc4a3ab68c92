"""What a reader of the log may rely on, as one assertion."""

from collections.abc import Sequence
from itertools import pairwise

from shared.message import START, EventMessage, Position


def assert_whole(seen: Sequence[EventMessage], start: Position = START) -> None:
    """Everything behind `start`: no gap in the chain, nothing twice, each stream from its first event, no step back in time."""
    assert [event.previous for event in seen] == [start, *(event.position for event in seen)][: len(seen)]
    assert all(before.position < after.position for before, after in pairwise(seen))
    assert all(before.recordedtime <= after.recordedtime for before, after in pairwise(seen))
    assert len({event.id for event in seen}) == len(seen)
    versions: dict[str, int] = {}
    for event in seen:
        versions[event.subject] = versions.get(event.subject, 0) + 1
        assert event.streamversion == versions[event.subject]
