"""Commands that wait for the network, in a file of SQLite.

outbox = Outbox(Path("outbox.sqlite"), owner)       # the id of the actor for whom `parcours` speaks, as /v1/me says
outbox.put(Line(HoldInterview(...), "alencon"))     # away from any network: with the time of the fact, and an id that it keeps
outbox.send(parcours)                               # later: in order; what is recorded or refused is not sent again
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from parcours_client.client import Parcours
from parcours_client.lines import Line
from parcours_client.problem import Problem

WAITING, RECORDED, REFUSED = "waiting", "recorded", "refused"
ME = "/v1/me"
TABLE = """
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    owner TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    line TEXT NOT NULL,
    device_time INTEGER NOT NULL, -- whether the time of the line is that of the device's clock
    state TEXT NOT NULL,
    answer TEXT
)"""


@dataclass(frozen=True)
class Kept:
    """A command of the outbox: `line` as it is sent, `answer` the members of the answer or of the problem."""

    id: UUID
    line: dict[str, Any]
    device_time: bool
    state: str
    answer: dict[str, Any] | None


class Outbox:
    """The commands of an actor, the `owner`, in the order in which they were put: nobody else's session sends them.

    Several processes and owners may use one file; two that send at once do no harm. `wall` is the clock of the device.
    """

    def __init__(self, path: Path, owner: str, wall: Callable[[], float] = time.time) -> None:
        self.owner = owner
        self.wall = wall
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=FULL")
        self.database.execute(TABLE)

    def put(self, line: Line) -> UUID:
        """Keep a command until it is sent. It happened now, unless the line says when: a wrong clock of the device is corrected then."""
        kept = line if line.time else replace(line, time=datetime.fromtimestamp(self.wall(), UTC))
        text = json.dumps(kept.to_dict(), ensure_ascii=False)
        self.database.execute(
            "INSERT INTO outbox (owner, id, line, device_time, state) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
            (self.owner, str(kept.id), text, line.time is None, WAITING),
        )
        return kept.id

    def send(self, parcours: Parcours) -> bool:
        """Send what waits, in order. False if the network or the gateway is away: the rest waits for the next call.

        A command that is refused says so in `commands`, and the next one is sent.

        Raises:
            Problem: nothing can be sent now, and waiting does not help: the session has ended (401), or the gateway has a defect (500).
        """
        for kept in self.commands(WAITING):
            try:
                answer = parcours.post(self.timed(kept, parcours))
            except httpx.TransportError:
                return False
            except Problem as problem:
                if problem.passing:
                    return False
                if problem.status == httpx.codes.UNAUTHORIZED or problem.status >= httpx.codes.INTERNAL_SERVER_ERROR:
                    raise
                self.settle(kept.id, REFUSED, dict(problem.members))
            else:
                self.settle(kept.id, RECORDED, answer.to_dict())
        return True

    def timed(self, kept: Kept, parcours: Parcours) -> dict[str, Any]:
        """The line with a time of the gateway's clock. It is kept before it is sent: a key belongs to one time."""
        if not kept.device_time:
            return kept.line
        if parcours.clock.offset is None:
            parcours.http.get(ME)
        corrected = parcours.clock.corrected(datetime.fromisoformat(kept.line["time"]))
        line = {**kept.line, "time": corrected.isoformat()}
        self.database.execute(
            "UPDATE outbox SET line = ?, device_time = 0 WHERE id = ? AND device_time = 1",
            (json.dumps(line, ensure_ascii=False), str(kept.id)),
        )
        (first,) = self.database.execute("SELECT line FROM outbox WHERE id = ?", (str(kept.id),)).fetchone()
        return dict(json.loads(first))  # of two processes that send at once, both send the time of the first one

    def settle(self, id: UUID, state: str, answer: dict[str, Any]) -> None:
        self.database.execute("UPDATE outbox SET state = ?, answer = ? WHERE id = ?", (state, json.dumps(answer), str(id)))

    def commands(self, state: str | None = None) -> Iterator[Kept]:
        """The owner's commands in a state, or all of them, in order."""
        asked = "SELECT id, line, device_time, state, answer FROM outbox WHERE owner = ? ORDER BY number"
        for id, line, device_time, its_state, answer in self.database.execute(asked, (self.owner,)).fetchall():
            if state in (None, its_state):
                yield Kept(UUID(id), json.loads(line), bool(device_time), its_state, json.loads(answer) if answer else None)

    def forget(self) -> None:
        """Drop what is recorded of the owner's."""
        self.database.execute("DELETE FROM outbox WHERE owner = ? AND state = ?", (self.owner, RECORDED))

    def close(self) -> None:
        self.database.close()
