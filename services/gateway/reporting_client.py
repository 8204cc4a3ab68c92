"""What the reporting service is asked, and how a reader waits for its own writes."""

import time
from typing import Any

from services.gateway.command_client import Call
from services.gateway.problems import Problem, unreadable
from services.gateway.request_context import RequestContext
from shared.message import START, Position
from shared.reply import fault_in

PATIENCE = 5.0  # seconds
PAUSE = 0.05  # seconds between two looks
HEADER = "Parcours-Position"
Model = dict[str, Any]


class ReportingClient:
    def __init__(self, call: Call, patience: float = PATIENCE) -> None:
        self.call = call
        self.patience = patience

    def asked(self, method: str, *args: Any) -> Any:
        reply = self.call("reporting", method, *args)
        if fault := fault_in(reply):
            raise fault
        return reply

    def committee(self, territory: str, quarter: str) -> Model:
        return dict(self.asked("committee", territory, quarter))

    def figures(self, territory: str, quarter: str, definitions: int | None) -> Model:
        return dict(self.asked("figures", territory, quarter, definitions))

    def evidence(self, indicator: str, territory: str, quarter: str, side: str, audience: str) -> Model:
        return dict(self.asked("evidence", indicator, territory, quarter, side, audience))

    def timeline(self, person: str) -> Model:
        return dict(self.asked("timeline", person))

    def quarters(self) -> list[str]:
        return list(self.asked("quarters"))

    def position(self, at_least: Position = START) -> Position:
        return int(self.asked("position", at_least))

    def caught_up(self, context: RequestContext) -> None:
        """Wait until what the visitor has written is read, when it says which position that is."""
        asked = context.request.args.get("position") or context.request.headers.get(HEADER)
        if not asked:
            return
        if not asked.isascii() or not asked.isdigit():
            raise unreadable("Une position est un nombre donné par une réponse du système.")
        self.wait(int(asked))

    def wait(self, position: Position) -> None:
        until = time.monotonic() + self.patience
        while (reached := self.position(position)) < position:
            if time.monotonic() >= until:
                raise late(reached)
            time.sleep(PAUSE)


def late(reached: Position) -> Problem:
    said = "Ce qui vient d’être enregistré n’est pas encore compté"
    return Problem(503, "not_read_yet", said, "Redemandez dans un instant.", headers={"Retry-After": "1"}, more={"reached": reached})
