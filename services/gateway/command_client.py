"""Commands for one service that wait while others are on their way leave together, each with its own identity and its own answer.

A call costs the broker and both its sides the same whatever it carries, and the service records what came together in one commit. So
nobody waits for company: the first command leaves at once, and those that come meanwhile share the next call.
"""

from collections import defaultdict
from typing import Any

import eventlet
from eventlet.event import Event

from services.gateway.dependencies import Call
from shared.errors import Unavailable

PATIENCE = 10.0  # seconds
FLIGHTS = 2  # calls under way to one service: one is decided while the next gathers
SEATS = 64  # commands of one call


class CommandBatcher:
    """A `Call` over another: `handle` gathers, everything else goes its own way."""

    def __init__(self, call: Call, patience: float = PATIENCE) -> None:
        self.call = call
        self.patience = patience
        self.waiting: defaultdict[str, list[tuple[Event, Any]]] = defaultdict(list)
        self.flying: defaultdict[str, int] = defaultdict(int)

    def __call__(self, service: str, method: str, *args: Any) -> Any:
        return self.gathered(service, args) if method == "handle" else self.call(service, method, *args)

    def gathered(self, service: str, asked: tuple[Any, ...]) -> Any:
        seat = (Event(), asked)
        self.waiting[service].append(seat)
        if self.flying[service] < FLIGHTS:
            self.flying[service] += 1
            eventlet.spawn(self.fly, service)
        expired = eventlet.Timeout(self.patience)
        try:
            return seat[0].wait()
        except eventlet.Timeout as timeout:
            if timeout is not expired:
                raise
            if seat in self.waiting[service]:
                self.waiting[service].remove(seat)
            raise Unavailable(f"{service} did not answer within {self.patience:g} s.") from timeout
        finally:
            expired.cancel()

    def fly(self, service: str) -> None:
        """Until nobody waits."""
        try:
            while waiting := self.waiting[service]:
                seats, self.waiting[service] = waiting[:SEATS], waiting[SEATS:]
                self.settle(service, seats)
        finally:
            self.flying[service] -= 1

    def settle(self, service: str, seats: list[tuple[Event, Any]]) -> None:
        try:
            replies = self.call(service, "handle_each", [asked for _, asked in seats])
        except Exception as fault:  # noqa: BLE001 - handed to each who waits, and raised there
            for event, _ in seats:
                event.send_exception(fault)
            return
        for (event, _), reply in zip(seats, replies, strict=True):
            event.send(reply)
