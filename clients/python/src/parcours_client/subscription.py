"""The live feed (`GET /v1/stream`): every event once and in order, through breaks of the connection and deaths of the gateway."""

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Generic, TypeVar

import httpx
from httpx_sse import ServerSentEvent, connect_sse

from parcours_client.backoff import Backoff
from parcours_client.generated.models.event import Event
from parcours_client.generated.models.figures_moved import FiguresMoved
from parcours_client.generated.models.hint import Hint
from parcours_client.problem import Problem

ADDRESS = "/v1/stream"
SILENCE_S = 60.0  # after which a connection counts as dead: the gateway gives a sign of life every 15 s
CONNECT_S = 10.0
TEXT_OF_EVENT = "message"  # the event of a frame that names none


T = TypeVar("T", bound=Event | Hint | FiguresMoved)


def event_of(message: dict[str, Any]) -> Event | Hint:
    return Event.from_dict(message) if "data" in message else Hint.from_dict(message)


def figures_of(message: dict[str, Any]) -> FiguresMoved | Hint:
    return FiguresMoved.from_dict(message) if "cells" in message else Hint.from_dict(message)


class Subscription(Generic[T]):
    """Iterate over it: it waits for events, or for figures that moved, until the client is closed.

    It begins after `position`, or without one where the log ends when the gateway first answers. `position` is that of the last event
    that was given: kept by the caller, it resumes in another process.

    An iteration raises `Problem` where waiting does not help: the session has ended, the reader may not follow the feed, or the log does
    not have that position (any more). Readers of masked figures get a `Hint` when these change.
    """

    def __init__(
        self,
        http: httpx.Client,
        position: int | None,
        asked: Mapping[str, Collection[str]],
        read: Callable[[dict[str, Any]], T],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.http = http
        self.position = position
        self.filter = {name: ",".join(values) for name, values in asked.items() if values}
        self.read = read
        self.sleep = sleep
        self.heard: set[str] = set()  # the ids that came with this position: several hints have the same one
        self.pause = 0.0  # seconds that the gateway asks for before a client comes back

    def __iter__(self) -> Iterator[T]:
        backoff = Backoff()
        while not self.http.is_closed:
            try:
                for event in self.connected():
                    backoff.reset()
                    yield event
            except httpx.TransportError:
                pass  # resumed below, as when the gateway ends the stream
            except Problem as problem:
                if not problem.passing:
                    raise
            self.sleep(backoff.next_delay(self.pause))

    def connected(self) -> Iterator[T]:
        """The events of one connection that were not given before."""
        last = {} if self.position is None else {"Last-Event-ID": str(self.position)}
        timeout = httpx.Timeout(CONNECT_S, read=SILENCE_S)
        with connect_sse(self.http, "GET", ADDRESS, params=self.filter, headers=last, timeout=timeout) as source:
            for frame in source.iter_sse():
                self.pause = self.pause if frame.retry is None else frame.retry / 1_000
                if frame.data and frame.event == TEXT_OF_EVENT:
                    data = json.loads(frame.data)
                    if self.is_new(data):
                        yield self.read(data)
                elif not frame.data:
                    self.move(frame)

    def is_new(self, data: dict[str, Any]) -> bool:
        position, id = data["position"], data["id"]
        if self.position is not None and (position < self.position or id in self.heard):
            return False
        if position != self.position:
            self.position, self.heard = position, set()
        self.heard.add(id)
        return True

    def move(self, frame: ServerSentEvent) -> None:
        """A frame without data: nothing up to its id is for this reader."""
        if frame.id.isdigit() and (self.position is None or int(frame.id) > self.position):
            self.position, self.heard = int(frame.id), set()
