"""Command lines: one JSON object per command, with its actor, the time of the fact and the time of its recording.

    {"id", "type", "time", "territory", "data", "actor", "recorded_time"}

A CommandSequence makes the lines about one subject. It keeps them in order: each is recorded after the one before it, never before
the fact that it reports. Most facts are recorded within hours, some within two days; a few become known months later (`emit_late`).
"""

from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid5

from demo.dates import PARIS
from demo.draws import working_time

CommandLine = dict[str, Any]
Actor = dict[str, str]  # id, role and organisation
TimedLine = tuple[datetime, CommandLine | None]  # the time of recording, and the line; None only waits for that time

ID_NAMESPACE = UUID("6d1f4f5e-53a5-5f0c-9a3e-0c1f3a4f8b21")
FACT_INTERVAL = timedelta(minutes=7)  # between two facts of one subject on one day
RECORDING_INTERVAL = timedelta(seconds=40)  # the least time between two recordings about one subject


def stable_id(*parts: object) -> UUID:
    """The UUID of these parts: the same in every run."""
    return uuid5(ID_NAMESPACE, "/".join(map(str, parts)))


class CommandSequence:
    """The commands about one subject: a person, a laptop, a series of workshops.

    `territory` is that of the next command; it may change on the way.
    """

    def __init__(self, rng: Random, id: UUID, territory: str) -> None:
        self.rng = rng
        self.id = id
        self.territory = territory
        self.count = 0
        self.last_time = self.last_recorded = datetime.min.replace(tzinfo=PARIS)

    def emit(self, name: str, day: date, actor: Actor, /, **data: Any) -> TimedLine:
        """A command about a fact of `day`, recorded minutes to two days after it."""
        return self.line(name, self.time_on(day), None, actor, data)

    def emit_late(self, known_on: date, name: str, day: date, actor: Actor, /, **data: Any) -> TimedLine:
        """A command about a fact of `day` that is recorded on `known_on`, long after it."""
        return self.line(name, self.time_on(day), working_time(self.rng, known_on), actor, data)

    def emit_now(self, name: str, actor: Actor, /, **data: Any) -> TimedLine:
        """A command about a fact of the time that the sequence waited for, recorded at once."""
        return self.line(name, self.last_recorded, self.last_recorded, actor, data)

    def wait_until(self, day: date) -> TimedLine:
        """No command. The sequence resumes on `day`, when it may look at the state of the town."""
        self.last_recorded = max(self.last_recorded, working_time(self.rng, day))
        return self.last_recorded, None

    def line(self, name: str, time: datetime, recorded: datetime | None, actor: Actor, data: dict[str, Any]) -> TimedLine:
        self.last_time = time
        self.last_recorded = max(recorded or time + self.recording_delay(), time, self.last_recorded + RECORDING_INTERVAL)
        self.count += 1
        return self.last_recorded, {
            "id": str(uuid5(self.id, str(self.count))),
            "type": name,
            "time": time.isoformat(),
            "territory": self.territory,
            "data": data,
            "actor": actor,
            "recorded_time": self.last_recorded.isoformat(),
        }

    def time_on(self, day: date) -> datetime:
        """A time on `day`, after the last fact if that was on the same day. A fact of an earlier day, known late, has any time."""
        time = working_time(self.rng, day)
        return self.last_time + FACT_INTERVAL if self.last_time >= time and self.last_time.date() == day else time

    def recording_delay(self) -> timedelta:
        """Three facts in four are recorded within two hours, the others within two days."""
        chance = self.rng.random()
        return timedelta(seconds=300 + int(9_000 * chance)) if chance < 0.75 else timedelta(seconds=int(691_200 * (chance - 0.75)))


class ProgrammeDecisions(CommandSequence):
    """Decisions of the coordination: one after the other from 8 o’clock and `minute` on, each recorded at once."""

    def __init__(self, rng: Random, id: UUID, territory: str, minute: int = 0) -> None:
        super().__init__(rng, id, territory)
        self.minute = minute

    def time_on(self, day: date) -> datetime:
        earliest = self.last_time + RECORDING_INTERVAL if self.count else self.last_time
        return max(datetime(day.year, day.month, day.day, 8, self.minute, tzinfo=PARIS), earliest)

    def recording_delay(self) -> timedelta:
        return timedelta()
