"""Events that are set aside: which ones a fold of the log passes over.

How it works
------------
All of them are named in one stream, which is read before a fold. As of a position, an event counts nowhere if it was set aside by then. One
that was set aside later counts until then, as a replay of that day says; but if it cannot be folded at all, it is passed over, since no
projection could go on otherwise. Set-aside events stay in the log, in the timeline and in the history that auditors read.

Rows of facts merge the changes of several events, so that a row cannot be mended in place: live read models are rebuilt from the log when
an event is set aside, beside the live ones as in any rebuild.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from services.reporting.facts.change import Change
from services.reporting.facts.fold import changes_of
from services.vocabulary.set_aside import EVENT_TYPE, STREAM, settings_aside
from shared.message import Position, Recorded
from shared.store.port import EventStore


class SetAside(Struct, frozen=True):
    """`passed_over` count nowhere, each since the position of the decision; `later` are set aside after the position of the fold."""

    passed_over: Mapping[Position, Position] = {}
    later: frozenset[Position] = frozenset()


NONE = SetAside()


def set_aside(store: EventStore, until: Position | None = None) -> SetAside:
    """What is set aside in a log, as of a position or of its head."""
    decided = list(settings_aside(store.read_stream(STREAM)))
    by_then = {one.position: one.since for one in decided if until is None or one.since <= until}
    return SetAside(by_then, frozenset(one.position for one in decided) - by_then.keys())


def readable_changes(event: Recorded, aside: SetAside) -> list[Change]:
    """The changes of an event; none if it cannot be folded and is set aside, sooner or later."""
    try:
        return changes_of(event)[1]
    except Exception:
        if event.position not in aside.passed_over and event.position not in aside.later:
            raise
        return []


def sets_aside(events: Sequence[Recorded]) -> bool:
    """Whether one of these events sets another one aside."""
    return any(event.type == EVENT_TYPE for event in events)
