"""Which lines may be handed over together: many in a call, and calls to several services at the same time.

How it works
------------
Each line gets the earliest *round* in which it can be handed over; a round has one call for each service and speaker. Lines that name the
same person, or the same thing (an orientation, a workshop), are decided in their order: a service decides the lines of a call in their
order, so two of them may share a round if they share the call, and otherwise the second goes into a later one. A line that names no person
comes after all lines before it and before all lines after it. Other lines need not wait for each other.
"""

from collections.abc import Sequence

from services.gateway.line_call import Call, Line, Route


class Rounds:
    def __init__(self) -> None:
        self.calls: list[dict[Route, Call]] = [{}]
        self.latest: dict[str, tuple[int, Route]] = {}  # where each name came last
        self.barrier: tuple[int, Route | None] = (0, None)

    def add(self, line: Line) -> None:
        number = max(self.after(each, line.route) for each in (self.barrier, *self.seen(line)))
        if line.apart:
            last = len(self.calls) - 1
            number = max(number, last if self.calls[last].keys() <= {line.route} else last + 1)
        while not self.call(number, line.route).takes(line):
            number += 1
        self.latest |= dict.fromkeys(line.names, (number, line.route))
        if line.apart:
            self.barrier = number, line.route

    def seen(self, line: Line) -> list[tuple[int, Route]]:
        return [self.latest[name] for name in line.names if name in self.latest]

    def after(self, place: tuple[int, Route | None], route: Route) -> int:
        """The earliest round for a line that comes after that place."""
        number, other = place
        return number if other in (None, route) else number + 1

    def call(self, number: int, route: Route) -> Call:
        if number == len(self.calls):
            self.calls.append({})
        calls = self.calls[number]
        if route not in calls:
            calls[route] = Call()
        return calls[route]


def rounds(lines: Sequence[Line]) -> list[list[list[Line]]]:
    """The calls of each round. Lines that have their reply already are in none."""
    planned = Rounds()
    for line in lines:
        if line.reply is None:
            planned.add(line)
    return [[call.lines for call in calls.values()] for calls in planned.calls]
