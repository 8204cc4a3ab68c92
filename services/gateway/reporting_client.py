"""The client of the reporting service: typed answers, and waiting for a position so that clients read their own writes.

A reply is either an answer in plain JSON values or a fault as a value (`{"refused": …}`). Only this module distinguishes them:
callers get a struct of `services.reporting.answers`, or the fault is raised.
"""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from services.gateway.command_client import Call
from services.gateway.problems import ASK_AGAIN, Problem
from services.gateway.query_parameters import POSITION, position_of_header
from services.gateway.request_context import RequestContext
from services.reporting.answers import CommitteePage, Evidence, Figures, Timeline, from_wire
from services.reporting.change_answers import Changes, ChangesAsked, Moved
from services.reporting.definition_answers import Declarations, History
from services.reporting.list_answers import ListQuestion
from services.reporting.operator_answers import ProjectionState
from services.reporting.person_answers import PersonState
from shared.errors import UnknownPosition
from shared.message import START, Position
from shared.reply import fault_in

WAIT_TIMEOUT_S = 5.0  # for which a request waits until the facts reach its position
POLL_INTERVAL_S = 0.05  # between two requests for the position; each of them waits in the reporting service too
POSITION_HEADER = "Parcours-Position"

T = TypeVar("T")


class ReportingClient:
    """Every method raises the fault that the service answers, and Unavailable when there is no answer in time.

    `in_log` tells whether the log has a position: nobody waits for one that it does not have.
    """

    def __init__(self, call: Call, in_log: Callable[[Position], bool], wait_timeout_s: float = WAIT_TIMEOUT_S) -> None:
        self.call = call
        self.in_log = in_log
        self.wait_timeout_s = wait_timeout_s

    def request(self, shape: type[T], method: str, *args: Any) -> T:
        reply = self.call("reporting", method, *args)
        if fault := fault_in(reply):
            raise fault
        return from_wire(reply, shape)

    def committee(
        self, territory: str, quarter: str, audience: str, definitions: int | None = None, as_of: str | None = None
    ) -> CommitteePage:
        """The page of a committee, masked, as an audience sees it: of closed quarters, or of everything until now, or until a moment."""
        return self.request(CommitteePage, "committee", territory, quarter, definitions, audience, as_of)

    def figures(self, territory: str, quarter: str, definitions: int | None, as_of: str | None = None) -> Figures:
        """Exact figures; `definitions` is a version, by default the one in force in the quarter. `as_of` is a moment (`moment_of`)."""
        return self.request(Figures, "figures", territory, quarter, definitions, as_of)

    def changes(self, asked: ChangesAsked) -> Changes:
        """Why figures changed between two moments."""
        return self.request(Changes, "changes", msgspec.to_builtins(asked))

    def evidence(
        self,
        indicator: str,
        territory: str,
        quarter: str,
        side: str,
        audience: str,
        definitions: int | None = None,
        as_of: str | None = None,
    ) -> Evidence:
        """The facts that one side of a figure counts, or counted at a moment, as an audience sees them."""
        return self.request(Evidence, "evidence", indicator, territory, quarter, side, audience, definitions, as_of)

    def timeline(self, person: str) -> Timeline:
        return self.request(Timeline, "timeline", person)

    def projections(self) -> list[ProjectionState]:
        return self.request(list[ProjectionState], "projections")

    def listing(self, line: type[T], question: ListQuestion) -> list[T]:
        """The lines of a page of a list."""
        return self.request(list[line], "listing", msgspec.to_builtins(question))  # type: ignore[valid-type]  # a list of what is given

    def person(self, person: str, today: str) -> PersonState:
        """The present state of a person on a day (ISO); of somebody unknown everything is empty."""
        return self.request(PersonState, "person", person, today)

    def declarations(self, version: int | None) -> Declarations:
        """The indicators of a version of the definitions, by default the latest."""
        return self.request(Declarations, "declarations", version)

    def moved(self, after: Position, until: Position) -> Moved:
        """Which figures moved after a position, up to another one or to where the facts are."""
        return self.request(Moved, "moved", after, until)

    def history(self, indicator: str, territory: str, audience: str, definitions: int | None, as_of: str | None = None) -> History:
        """The figures of an indicator over all quarters that have one for an audience."""
        return self.request(History, "history", indicator, territory, audience, definitions, as_of)

    def quarters(self) -> list[str]:
        """The quarters that have facts, in order."""
        return self.request(list[str], "quarters")

    def position(self, at_least: Position = START) -> Position:
        """The position of the facts. The service waits a little for `at_least`, but may answer with a lower position."""
        return self.request(int, "position", at_least)

    def wait_for_client(self, context: RequestContext) -> None:
        """Wait until the facts reach the position that the client names, in its query or in a header. Does nothing without one.

        Raises:
            Problem: the header holds no position (400), or the position is not reached in time (503).
            UnknownPosition: the log has no such position.
        """
        header = context.request.headers.get(POSITION_HEADER)
        named = [context.query[POSITION.name]] if POSITION.name in context.query else []
        if header is not None:
            named.append(position_of_header(POSITION_HEADER, header))
        if named:
            self.wait_for(max(named))

    def wait_for(self, position: Position) -> None:
        deadline = time.monotonic() + self.wait_timeout_s
        while (reached := self.position(position)) < position:
            if not self.in_log(position):
                raise UnknownPosition(position)
            if time.monotonic() >= deadline:
                raise not_read_yet(reached)
            time.sleep(POLL_INTERVAL_S)


def not_read_yet(reached: Position) -> Problem:
    title = "Ce qui vient d’être enregistré n’est pas encore compté"
    return Problem(503, "not_read_yet", title, ASK_AGAIN, headers={"Retry-After": "1"}, more={"reached": reached})
