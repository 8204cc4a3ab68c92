"""How far a hidden number can move while everything that is shown stays as it is: flows on a small network.

How it works
------------
One count, over territories and quarters, gives two numbers for each territory and quarter: its *increment*, what was counted in the
quarter, and its *level*, the sum of the increments since the start of a window. Levels follow from increments, and the territories add up
to the programme. Drawn as a network, both relations say that what enters a node leaves it:

    node (territory, q)   level before + increment = level
    node column q         increment of the programme = increments of the territories
    node (programme, q)   the same as for a territory, in the opposite direction
    node end              levels of the territories = level of the programme

Another possible history that shows the same is therefore a circulation: a flow of changes, each within the bounds of its arc. The farthest
that the number of one arc can move is a maximum flow from its head back to its tail. It is an integer, and it is exact for one count.
"""

from collections.abc import Sequence
from functools import cache
from typing import Literal

from msgspec import Struct

UNBOUNDED = 10**9

ArcKind = Literal["increment", "level"]
ArcKey = tuple[ArcKind, int, int]  # kind, row (the last one is the programme), column
Bounds = tuple[list[int], list[int]]  # for each arc, the lowest and the highest change


class Network(Struct, frozen=True):
    """`arcs` have a tail and a head; `index` finds one; `incident` lists, for each node, its arcs, whether they leave it, and where to."""

    arcs: list[tuple[int, int]]
    index: dict[ArcKey, int]
    incident: list[list[tuple[int, bool, int]]]


@cache
def network(rows: int, columns: int) -> Network:
    """The network of `rows` territories, the programme included as the last one, over so many quarters."""
    arcs: list[tuple[int, int]] = []
    index: dict[ArcKey, int] = {}
    programme, end = rows - 1, columns * (rows + 1)

    def add(key: ArcKey, tail: int, head: int) -> None:
        index[key] = len(arcs)
        arcs.append((head, tail) if key[1] == programme else (tail, head))

    for column in range(columns):
        of_column = column * (rows + 1)
        for row in range(rows):
            node = of_column + 1 + row
            add(("increment", row, column), of_column, node)
            add(("level", row, column), node, node + rows + 1 if column + 1 < columns else end)
    incident: list[list[tuple[int, bool, int]]] = [[] for _ in range(end + 1)]
    for number, (tail, head) in enumerate(arcs):
        incident[tail].append((number, True, head))
        incident[head].append((number, False, tail))
    return Network(arcs, index, incident)


def slack(graph: Network, bounds: Bounds, arc: int, upwards: bool, enough: int) -> int:
    """How far the number of an arc can rise (or fall) within the bounds of all arcs, counted up to `enough`."""
    lowest, highest = bounds
    limit = min(highest[arc] if upwards else -lowest[arc], enough)
    tail, head = graph.arcs[arc]
    start, goal = (head, tail) if upwards else (tail, head)
    change = [0] * len(graph.arcs)
    moved = 0
    while moved < limit:
        path = residual_path(graph, bounds, change, arc, start, goal)
        if path is None:
            break
        step = min(limit - moved, *(room(bounds, change, number, forwards) for number, forwards in path))
        for number, forwards in path:
            change[number] += step if forwards else -step
        moved += step
    return moved


def room(bounds: Bounds, change: Sequence[int], arc: int, forwards: bool) -> int:
    return bounds[1][arc] - change[arc] if forwards else change[arc] - bounds[0][arc]


def residual_path(
    graph: Network, bounds: Bounds, change: Sequence[int], without: int, start: int, goal: int
) -> list[tuple[int, bool]] | None:
    """A shortest path of arcs with room, each with its direction; None if there is none."""
    lowest, highest = bounds
    reached: dict[int, tuple[int, int, bool]] = {start: (start, -1, True)}
    frontier = [start]
    while frontier and goal not in reached:
        following = []
        for here in frontier:
            for number, forwards, there in graph.incident[here]:
                has_room = change[number] < highest[number] if forwards else change[number] > lowest[number]
                if has_room and there not in reached and number != without:
                    reached[there] = (here, number, forwards)
                    following.append(there)
            if goal in reached:
                break
        frontier = following
    if goal not in reached:
        return None
    path = []
    while goal != start:
        goal, number, forwards = reached[goal]
        path.append((number, forwards))
    return path
