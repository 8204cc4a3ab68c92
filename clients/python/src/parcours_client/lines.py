"""Many commands in a request: a line of JSON for each, and an answer for each, in order."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Protocol
from uuid import UUID, uuid4

import httpx

from parcours_client.backoff import Backoff
from parcours_client.generated.models.answer import Answer
from parcours_client.problem import Problem
from parcours_client.transports import REPEATABLE

ADDRESS, NDJSON = "/v1/commands", "application/x-ndjson"
TOGETHER = 1_000  # lines in a request
MAX_BREAKS = 10  # of the connection, one after the other without an answer between


class Data(Protocol):
    def to_dict(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Line:
    """A command with its id, which it keeps however often it is sent. `time` is that of the fact, with a zone; now if it is left out."""

    command: Data
    territory: str
    time: datetime | None = None
    id: UUID = field(default_factory=uuid4)

    @property
    def type(self) -> str:
        return type(self.command).__name__

    def to_dict(self) -> dict[str, Any]:
        time = {"time": self.time.isoformat()} if self.time else {}
        return {"id": str(self.id), "type": self.type, "territory": self.territory, **time, "data": self.command.to_dict()}


@dataclass(frozen=True)
class LineAnswer:
    """What became of a line: `outcome` is accepted, refused, invalid, forbidden, unavailable or unforeseen."""

    line: Line
    outcome: str
    answer: Answer | None
    problem: Problem | None


def send_lines(http: httpx.Client, lines: Iterable[Line], together: int) -> Iterator[LineAnswer]:
    """The answer to each line, in order. After a connection that broke, the lines without an answer are sent again, with their ids.

    Raises:
        Problem: the request as a whole was refused.
        httpx.TransportError: the connection breaks again and again.
    """
    remaining = iter(lines)
    while waiting := list(islice(remaining, together)):
        backoff, breaks = Backoff(), 0
        while waiting:
            try:
                for answer in answers_to(http, waiting):
                    waiting, breaks = waiting[1:], 0
                    yield answer
            except httpx.TransportError:
                breaks += 1
                if breaks > MAX_BREAKS:
                    raise
                time.sleep(backoff.next_delay())


def answers_to(http: httpx.Client, lines: Sequence[Line]) -> Iterator[LineAnswer]:
    """The answer to each line, as they come.

    Raises:
        httpx.TransportError: there are no more.
    """
    body = b"".join(json.dumps(line.to_dict()).encode() + b"\n" for line in lines)
    asked = http.build_request("POST", ADDRESS, content=body, headers={"Content-Type": NDJSON}, extensions={REPEATABLE: True})
    response = http.send(asked, stream=True)
    try:
        texts = response.iter_lines()
        for line in lines:
            reply = json.loads(next(texts, "{}"))
            if reply.get("id") != str(line.id):
                raise httpx.RemoteProtocolError(f"The answer ends before that of line {line.id}.", request=asked)
            yield answer_of(line, reply)
    finally:
        response.close()


def answer_of(line: Line, reply: Mapping[str, Any]) -> LineAnswer:
    outcome = next(name for name in reply if name not in ("line", "id", "problem"))
    accepted, problem = reply.get("accepted"), reply.get("problem")
    answer = Answer.from_dict({"command": str(line.id), **accepted}) if accepted is not None else None
    return LineAnswer(line, outcome, answer, Problem(problem["status"], problem) if problem else None)
