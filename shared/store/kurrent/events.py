"""Converting events to and from KurrentDB's. The data of an event is the writer's bytes, unchanged; its metadata is usually empty."""

from bisect import bisect_right, insort
from collections.abc import Sequence
from datetime import UTC, datetime

import kurrentdbclient
import msgspec
from kurrentdbclient import RecordedEvent

from shared import message
from shared.message import Position
from shared.store.port import NewEvent
from shared.store.stored import StoredEvent


class HistoryMetadata(msgspec.Struct):
    """The metadata of an event of past history, whose recording time is not the server's."""

    recordedtime: datetime


decode_metadata = msgspec.json.Decoder(HistoryMetadata).decode


def to_kurrent(events: Sequence[NewEvent], metadata: bytes) -> list[kurrentdbclient.NewEvent]:
    return [kurrentdbclient.NewEvent(type=event.type, data=event.body, metadata=metadata, id=event.id) for event in events]


def history_metadata(moment: datetime) -> bytes:
    """Return the metadata of an event that is to be recorded at a past moment."""
    return msgspec.json.encode(HistoryMetadata(moment.astimezone(UTC)))


def history_time(event: RecordedEvent) -> datetime | None:
    """Return the recording time in the metadata of an event, None if it has the server's time."""
    return decode_metadata(event.metadata).recordedtime if event.metadata else None


def recording_time(event: RecordedEvent) -> datetime:
    """Return the recording time of an event: from its metadata, or the server's."""
    moment = history_time(event) or event.recorded_at
    assert moment is not None, "the server gives every event a time"
    return moment


def to_lines(events: Sequence[RecordedEvent], previous: Position | None = None) -> bytes:
    """Return each event as a line of JSON, with the log's own fields before the writer's bytes.

    `previous` is the position before the first event, if the events are consecutive in the log; otherwise they do not get that field.
    """
    lines = []
    for event in events:
        lines.append(to_line(event, previous))
        previous = None if previous is None else event.commit_position
    return b"\n".join(lines)


def to_line(event: RecordedEvent, previous: Position | None) -> bytes:
    return message.line(event.data, event.commit_position, event.stream_position + 1, recording_time(event).isoformat(), previous)


def to_stored(events: Sequence[RecordedEvent], previous: Position) -> list[StoredEvent]:
    """The events after the position `previous`, as they are stored."""
    stored = []
    for event in events:
        recorded = recording_time(event).astimezone(UTC).isoformat(timespec="microseconds")
        position, version = event.commit_position, event.stream_position + 1
        stored.append(StoredEvent(position, event.stream_name, version, event.type, recorded, to_line(event, previous)))
        previous = position
    return stored


class TimeIndex:
    """Recording times of events that this process has read: where to start looking for a moment, instead of at the end of the log."""

    def __init__(self) -> None:
        self.entries: list[tuple[datetime, Position]] = []  # sorted

    def add(self, event: RecordedEvent) -> None:
        entry = (recording_time(event), event.commit_position)
        index = bisect_right(self.entries, entry)
        if not index or self.entries[index - 1] != entry:
            insort(self.entries, entry)

    def first_after(self, moment: datetime) -> Position | None:
        """Return the position of the first entry whose time is later than `moment`; None, for the end of the log, if there is none."""
        index = bisect_right(self.entries, moment, key=lambda entry: entry[0])
        return self.entries[index][1] if index < len(self.entries) else None
