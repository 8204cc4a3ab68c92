"""A back end: every event of the programme in a DuckDB file, for questions in SQL.

    python mirror.py mirror.duckdb amqp://reader:password@broker:5672/parcours

The place in the stream is written with the events, in one transaction. So the table holds each event once, whatever dies when: this
program, the broker, or a relay, after which the stream has events twice (`parcours_client.feed` leaves those out).

Where the stream does not hold (any more) what comes next, it is read from a gateway: PARCOURS_URL is its address, PARCOURS_TOKEN the token
of somebody who may read all events.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import duckdb

from parcours_client import Event, Parcours
from parcours_client.feed import BEGINNING, Gap, Place, read_feed

RESTORED = "fr.parcours.reporting.LogRestored"  # what was recorded between its `after` and its own position is lost
PAGE = 500  # events of the log that are written together
TABLES = """
CREATE TABLE IF NOT EXISTS events (
    position BIGINT PRIMARY KEY,
    id UUID NOT NULL UNIQUE,
    type VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    territory VARCHAR NOT NULL,
    time TIMESTAMP NOT NULL,        -- of the fact, in UTC
    recorded TIMESTAMP NOT NULL,
    actor VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    data JSON NOT NULL
);
CREATE TABLE IF NOT EXISTS place (read_from BIGINT, position BIGINT NOT NULL);
"""
ADD = f"INSERT INTO events SELECT {', '.join(['unnest(?)'] * 10)}"


class Mirror:
    def __init__(self, path: str) -> None:
        self.database = duckdb.connect(path)
        self.database.execute(TABLES)

    def place(self) -> Place:
        """What was written last."""
        found = self.database.execute("SELECT read_from, position FROM place").fetchone()
        return Place(*found) if found else BEGINNING

    def write(self, events: Sequence[Event], place: Place) -> None:
        """Write events and the place after them: both or neither. After a restore of the log, those that it lost are deleted first."""
        self.database.begin()
        for run in up_to_restorations(events):
            self.database.execute(ADD, [list(column) for column in zip(*map(row, run), strict=True)])
            if run[-1].type_ == RESTORED and run[-1].data:
                self.database.execute("DELETE FROM events WHERE position > ? AND position < ?", [run[-1].data["after"], run[-1].position])
        self.database.execute("DELETE FROM place")
        self.database.execute("INSERT INTO place VALUES (?, ?)", [place.offset, place.position])
        self.database.commit()
        print(f"written up to position {place.position}", flush=True)

    def follow(self, uri: str) -> None:
        """Write what the stream holds, without end. What it lacks is read from the gateway."""
        while True:
            try:
                for batch in read_feed(uri, self.place()):
                    self.write([each.event for each in batch], batch[-1].place)
            except Gap as gap:
                print(gap, file=sys.stderr)
                self.fill(gap)

    def fill(self, gap: Gap) -> None:
        """Write the events of the log after a gap begins. Where it ended, the stream may go on: what it repeats is left out."""
        events: list[Event] = []
        with Parcours(os.environ["PARCOURS_URL"], os.environ["PARCOURS_TOKEN"]) as parcours:
            for event in parcours.events(gap.after):
                assert isinstance(event, Event), "this token may not read the events of every territory"
                events.append(event)
                if len(events) == PAGE:
                    self.write(events, Place(None, events[-1].position))
                    events = []
        if events:
            self.write(events, Place(None, events[-1].position))


def up_to_restorations(events: Sequence[Event]) -> Iterator[Sequence[Event]]:
    """The events in runs, each of which ends with a restoration, or with the last event."""
    start = 0
    for end, event in enumerate(events, 1):
        if event.type_ == RESTORED or end == len(events):
            yield events[start:end]
            start = end


def row(event: Event) -> tuple[object, ...]:
    return (
        event.position,
        event.id,
        event.type_,
        event.subject,
        event.territory,
        utc(event.time),
        utc(event.recordedtime),
        event.actorid,
        event.actorrole,
        json.dumps(event.data.to_dict(), ensure_ascii=False) if event.data else "{}",
    )


def utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def stop(number: int, frame: object) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    Mirror(sys.argv[1]).follow(sys.argv[2])
