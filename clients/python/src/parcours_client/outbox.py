"""Commands that wait for the network, in a file of SQLite.

outbox = Outbox(Path("outbox.sqlite"))
outbox.put(Line(HoldInterview(...), "alencon"))     # away from any network: with the time of the fact, and an id that it keeps
outbox.send(parcours)                               # later: in order; what is recorded or refused is not sent again
"""

import json
import sqlite3
from collections.abc import Iterator
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
TABLE = """
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    line TEXT NOT NULL,
    state TEXT NOT NULL,
    answer TEXT
)"""


@dataclass(frozen=True)
class Kept:
    """A command of the outbox: `line` as it is sent, `answer` the members of the answer or of the problem."""

    id: UUID
    line: dict[str, Any]
    state: str
    answer: dict[str, Any] | None


class Outbox:
    """Commands in the order in which they were put. Several processes may use one file; two that send at once do no harm."""

    def __init__(self, path: Path) -> None:
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=FULL")
        self.database.execute(TABLE)

    def put(self, line: Line) -> UUID:
        """Keep a command until it is sent. It happened now, unless the line says when."""
        kept = line if line.time else replace(line, time=datetime.now(UTC))
        text = json.dumps(kept.to_dict(), ensure_ascii=False)
        self.database.execute(
            "INSERT INTO outbox (id, line, state) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING", (str(kept.id), text, WAITING)
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
                answer = parcours.post(kept.line)
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

    def settle(self, id: UUID, state: str, answer: dict[str, Any]) -> None:
        self.database.execute("UPDATE outbox SET state = ?, answer = ? WHERE id = ?", (state, json.dumps(answer), str(id)))

    def commands(self, state: str | None = None) -> Iterator[Kept]:
        """The commands in a state, or all of them, in order."""
        rows = self.database.execute("SELECT id, line, state, answer FROM outbox ORDER BY number").fetchall()
        for id, line, its_state, answer in rows:
            if state in (None, its_state):
                yield Kept(UUID(id), json.loads(line), its_state, json.loads(answer) if answer else None)

    def forget(self) -> None:
        """Drop what is recorded."""
        self.database.execute("DELETE FROM outbox WHERE state = ?", (RECORDED,))

    def close(self) -> None:
        self.database.close()
