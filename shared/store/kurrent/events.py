"""Events on their way into KurrentDB and out of it. The writer's bytes are the event's data as they are, and are never made again."""

from bisect import bisect_right, insort
from collections.abc import Sequence
from datetime import UTC, datetime

import kurrentdbclient
import msgspec
from kurrentdbclient import RecordedEvent

from shared import message
from shared.message import Position
from shared.store.port import NewEvent


class Stamp(msgspec.Struct):
    """The metadata of an event that has not the server's time: past history."""

    recordedtime: datetime


decode_stamp = msgspec.json.Decoder(Stamp).decode


def proposed(events: Sequence[NewEvent], metadata: bytes) -> list[kurrentdbclient.NewEvent]:
    return [kurrentdbclient.NewEvent(type=event.type, data=event.body, metadata=metadata, id=event.id) for event in events]


def stamped(moment: datetime) -> bytes:
    return msgspec.json.encode(Stamp(moment.astimezone(UTC)))


def stamp(event: RecordedEvent) -> datetime | None:
    return decode_stamp(event.metadata).recordedtime if event.metadata else None


def recorded(event: RecordedEvent) -> datetime:
    moment = stamp(event) or event.recorded_at
    assert moment is not None, "the server stamps every event"
    return moment


def lines(events: Sequence[RecordedEvent], previous: Position | None = None) -> bytes:
    """Each event as a line: the log's own fields in front of the writer's bytes."""
    made = []
    for event in events:
        made.append(message.line(event.data, event.commit_position, event.stream_position + 1, recorded(event).isoformat(), previous))
        previous = None if previous is None else event.commit_position
    return b"\n".join(made)


class TimeIndex:
    """Places that were passed before, by their time of recording: from where to look for a moment, instead of from the end."""

    def __init__(self) -> None:
        self.passed: list[tuple[datetime, Position]] = []

    def note(self, event: RecordedEvent) -> None:
        mark = (recorded(event), event.commit_position)
        place = bisect_right(self.passed, mark)
        if not place or self.passed[place - 1] != mark:
            insort(self.passed, mark)

    def behind(self, moment: datetime) -> Position | None:
        """The last mark of the earliest time over `moment`; None when there is none, and the end of the log is to be taken."""
        place = bisect_right(self.passed, moment, key=lambda mark: mark[0])
        return self.passed[place][1] if place < len(self.passed) else None
