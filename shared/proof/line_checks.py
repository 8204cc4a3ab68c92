"""What can be said of stored events without any checkpoint: columns that follow from the line, positions and versions without holes."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
from msgspec import UNSET

from shared.message import START, Position
from shared.proof.finding import Finding
from shared.store.archive import decode_line
from shared.store.stored import StoredEvent


class LineChecks:
    """Is given the events in the order of the log. Keeps the last version of each stream."""

    def __init__(self) -> None:
        self.previous: Position = START
        self.versions: dict[str, int] = {}

    def findings(self, events: Sequence[StoredEvent]) -> Iterator[Finding]:
        for event in events:
            if not self.in_order(event):
                yield from self.faults(event)

    def in_order(self, event: StoredEvent) -> bool:
        """Whether there is nothing to say of an event, which is then noted: most events need no closer look."""
        position, stream, version, kind, recorded, text = event
        try:
            line = decode_line(text)
            datetime.fromisoformat(line.recordedtime)
        except (msgspec.MsgspecError, ValueError):
            return False
        if (
            line.position != position
            or line.subject != stream
            or line.streamversion != version
            or line.type != kind
            or line.recordedtime != recorded
            or line.previous != self.previous
            or self.versions.get(stream, 0) + 1 != version
        ):
            return False
        self.previous, self.versions[stream] = position, version
        return True

    def faults(self, event: StoredEvent) -> Iterator[Finding]:
        """Note an event, and say what is wrong with it: perhaps nothing, where the same is written otherwise."""
        previous, self.previous = self.previous, event.position
        where = f"the event at position {event.position}"
        try:
            line = decode_line(event.line)
            recorded = datetime.fromisoformat(line.recordedtime)
        except (msgspec.MsgspecError, ValueError) as fault:
            yield Finding("changed", f"{where} cannot be read: {fault}")
            return
        sealed = (line.position, line.subject, line.streamversion, line.type, recorded)
        held = (event.position, event.stream, event.version, event.type, time_of(event.recorded))
        for name, one, other in zip(("position", "stream", "version", "type", "recording time"), held, sealed, strict=True):
            if one != other:
                yield Finding("column", f"{where}: the column of its {name} has {one}, and the event says {other}")
        if line.previous is not UNSET and line.previous != previous:
            yield Finding("gap", f"{where} follows position {line.previous}, and the log has position {previous} before it")
        version = self.versions.get(line.subject, 0)
        if line.streamversion != version + 1:
            yield Finding("version", f"{where}: version {line.streamversion} of the stream {line.subject} follows version {version}")
        self.versions[line.subject] = line.streamversion


def time_of(column: str) -> datetime | str:
    """The time that a column holds, or what else somebody wrote there."""
    try:
        return datetime.fromisoformat(column)
    except ValueError:
        return column
