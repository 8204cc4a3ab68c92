"""What every reader of a log can rely on, as one assertion."""

from collections.abc import Sequence
from itertools import pairwise

from shared.message import START, EventMessage, Position


def assert_log_invariants(events: Sequence[EventMessage], start: Position = START) -> None:
    """Assert about all events after `start`: the chain of positions has no gap and no event is repeated, recording times never decrease,
    and the versions of each stream are 1, 2, 3…
    """
    assert [event.previous for event in events] == [start, *(event.position for event in events)][: len(events)]
    assert all(event.position < following.position for event, following in pairwise(events))
    assert all(event.recordedtime <= following.recordedtime for event, following in pairwise(events))
    assert len({event.id for event in events}) == len(events)
    versions: dict[str, int] = {}
    for event in events:
        versions[event.subject] = versions.get(event.subject, 0) + 1
        assert event.streamversion == versions[event.subject]
