"""Commands on their way from the gateway to the services that decide them.

How it works
------------
A call costs the broker and both its sides the same whatever it carries, and a service records in one commit what came in one call. So
commands for one service that wait while others are under way leave together, each with its own token and its own reply. No command waits
for company: the first one leaves at once, and those that come while MAX_CALLS_IN_FLIGHT calls are under way share the next one, up to
MAX_COMMANDS_PER_CALL.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import eventlet
from eventlet.event import Event

from shared.errors import Unavailable
from shared.reply import Reply

COMMAND_TIMEOUT_S = 10.0
MAX_CALLS_IN_FLIGHT = 2  # to one service: one is decided while the next fills
MAX_COMMANDS_PER_CALL = 64


class Call(Protocol):
    """Calls a method of a service by its name; the answer is JSON.

    Raises:
        Unavailable: the broker or the service did not answer in time.
    """

    def __call__(self, service: str, method: str, *args: Any) -> Any: ...


class CommandClient(Protocol):
    """The command endpoints of all services, as the gateway sees them. Both methods raise Unavailable."""

    def handle(self, service: str, token: str, command: str) -> Reply:
        """Send one command, as JSON text, with the token of the caller."""

    def handle_many(self, service: str, token: str, commands: Sequence[str]) -> list[Reply]:
        """Send commands of one caller, handled in order."""


class Waiting(NamedTuple):
    reply: Event
    token: str
    command: str


class RpcCommandClient:
    """The command client over RPC. It calls `handle_each` and `handle_many` of `WriteService`."""

    def __init__(self, call: Call, timeout: float = COMMAND_TIMEOUT_S) -> None:
        self.call = call
        self.timeout = timeout
        self.waiting: defaultdict[str, list[Waiting]] = defaultdict(list)
        self.in_flight: defaultdict[str, int] = defaultdict(int)

    def handle_many(self, service: str, token: str, commands: Sequence[str]) -> list[Reply]:
        replies: list[Reply] = self.call(service, "handle_many", token, list(commands))
        return replies

    def handle(self, service: str, token: str, command: str) -> Reply:
        waiting = Waiting(Event(), token, command)
        self.waiting[service].append(waiting)
        if self.in_flight[service] < MAX_CALLS_IN_FLIGHT:
            self.in_flight[service] += 1
            eventlet.spawn(self.send_loop, service)
        expired = eventlet.Timeout(self.timeout)
        try:
            reply: Reply = waiting.reply.wait()
        except eventlet.Timeout as timeout:
            if timeout is not expired:
                raise
            if waiting in self.waiting[service]:
                self.waiting[service].remove(waiting)
            raise Unavailable(f"{service} did not answer within {self.timeout:g} s") from timeout
        finally:
            expired.cancel()
        return reply

    def send_loop(self, service: str) -> None:
        """Send until nothing waits."""
        try:
            while waiting := self.waiting[service]:
                batch, self.waiting[service] = waiting[:MAX_COMMANDS_PER_CALL], waiting[MAX_COMMANDS_PER_CALL:]
                self.send(service, batch)
        finally:
            self.in_flight[service] -= 1

    def send(self, service: str, batch: Sequence[Waiting]) -> None:
        try:
            replies = self.call(service, "handle_each", [(each.token, each.command) for each in batch])
        except Exception as fault:  # noqa: BLE001 - handed to each caller that waits, and raised there
            for each in batch:
                each.reply.send_exception(fault)
            return
        for each, reply in zip(batch, replies, strict=True):
            each.reply.send(reply)
