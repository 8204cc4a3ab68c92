"""What operators look after, over HTTP: projections, and dead letters. It names types of events, positions and exceptions, and no data."""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct, structs
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import json_response
from services.gateway.cursors import cursor_of, values_in
from services.gateway.dependencies import GatewayDeps
from services.gateway.lists import MAX_LINES
from services.gateway.lists_api import DEFAULT_LINES, ListPage
from services.gateway.parameter_kinds import number, one_of
from services.gateway.problems import unreadable
from services.gateway.query_parameters import CURSOR, Parameter, Query, bare_kind, event_types
from services.gateway.read_access import ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.gateway.request_context import RequestContext
from services.reporting.operator_answers import STATES, ProjectionState
from shared.bus.dead_letter import DeadLetter
from shared.bus.topology import PROCESS_DIED
from shared.errors import exception_name
from shared.message import PREFIX, Position

ACTION = "read_operations"
PROJECTIONS, DEAD_LETTERS = "/v1/projections", "/v1/dead-letters"
BY_POSITION, BACKWARDS = "position", "-position"


class ProjectionLine(ProjectionState, frozen=True, kw_only=True):
    """A projection, with its state in the words of people."""

    state_label: str


class DeadLetterLine(Struct, frozen=True):
    """An event that a service could not handle, without its data. `id` and `position` are those of the event.

    `queue` keeps it until it is given back; it is null where no broker does. `fault` is the name of the exception; it is null when the
    process died. `attempts` are all that there were. The times are in ISO format, in UTC; what is not known is null.
    """

    id: str
    service: str
    queue: str | None
    type: str
    position: Position
    fault: str | None
    fault_label: str
    attempts: int | None
    first_failed_at: str | None
    last_failed_at: str | None


def parameters_of_operations(services: Iterable[str], kinds: Iterable[str]) -> dict[str, tuple[Parameter, ...]]:
    paging = (CURSOR, Parameter("limit", number(1, MAX_LINES)))
    service = Parameter("service", one_of(list(services)), listed=True)
    type_ = Parameter("type", one_of(event_types(kinds), bare_kind), listed=True)
    return {
        PROJECTIONS: (Parameter("state", one_of(STATES), listed=True), *paging),
        DEAD_LETTERS: (service, type_, *paging, Parameter("sort", one_of((BY_POSITION, BACKWARDS)))),
    }


class OperationsApi:
    def __init__(self, deps: GatewayDeps, access: ReadAccess, reports: ReportingClient) -> None:
        self.deps = deps
        self.access = access
        self.reports = reports

    def rules(self) -> Iterable[Rule]:
        yield Rule(PROJECTIONS, methods=["GET"], endpoint=self.projections)
        yield Rule(DEAD_LETTERS, methods=["GET"], endpoint=self.dead_letters)

    def projections(self, context: RequestContext) -> Response:
        self.access.check_somewhere(context.known(), ACTION)
        wanted = context.query.get("state", STATES)
        lines = [projection_line(each) for each in self.reports.projections() if each.state in wanted]
        return json_response(page(lines, context.query, BY_NAME))

    def dead_letters(self, context: RequestContext) -> Response:
        """Those that wait now, in the order of the log. With filters, letters of services that are not asked for are not read."""
        self.access.check_somewhere(context.known(), ACTION)
        services: Iterable[str | None] = sorted(context.query.get("service", ())) or [None]
        letters: list[DeadLetter] = [each for name in services for each in self.deps.native(self.deps.dead_letters.list, name)]
        types = context.query.get("type")
        lines = [self.dead_letter_line(each) for each in letters if types is None or {each.kind, each.kind.partition(".")[0]} & types]
        sort = context.query.get("sort", BY_POSITION)
        return json_response(page(lines, context.query, Order(sort, lambda line: (line.position, line.service), (int, str))))

    def dead_letter_line(self, letter: DeadLetter) -> DeadLetterLine:
        fault = None if letter.reason.startswith(PROCESS_DIED) else exception_name(letter.reason)
        return DeadLetterLine(
            id=str(letter.event.id),
            service=letter.service,
            queue=self.deps.dead_letters.queue(letter.service),
            type=PREFIX + letter.kind,
            position=letter.position,
            fault=fault,
            fault_label=fault_label(fault, letter.attempts),
            attempts=letter.attempts,
            first_failed_at=letter.first_failed_at,
            last_failed_at=letter.last_failed_at,
        )


class Order(Struct, frozen=True):
    """The order of lines by values of theirs, each read from a cursor by `types`. `name` begins with `-` when the last comes first."""

    name: str
    values: Callable[[Any], tuple[Any, ...]]
    types: tuple[type[Any], ...]


def page(lines: Iterable[Any], query: Query, order: Order) -> ListPage:
    """The page that is asked for, of all lines.

    Raises:
        Problem: 400, the cursor is that of another list or order.
    """
    backwards = order.name.startswith("-")
    ordered = sorted(lines, key=order.values, reverse=backwards)
    if "cursor" in query:
        after = values_after(query["cursor"], order)
        ordered = [line for line in ordered if (order.values(line) < after if backwards else order.values(line) > after)]
    limit = query.get("limit", DEFAULT_LINES)
    following = cursor_of(order.name, [str(value) for value in order.values(ordered[limit - 1])]) if len(ordered) > limit else None
    return ListPage(ordered[:limit], following)


def values_after(cursor: str, order: Order) -> tuple[Any, ...]:
    texts = values_in(cursor, order.name, len(order.types))
    try:
        return tuple(read(text) for read, text in zip(order.types, texts, strict=True))
    except ValueError as fault:
        raise unreadable("cursor : ce n’est pas la suite d’une liste.") from fault


BY_NAME = Order("projection", lambda line: (line.projection,), (str,))


def projection_line(state: ProjectionState) -> ProjectionLine:
    return ProjectionLine(**structs.asdict(state), state_label=state_label(state))


def state_label(state: ProjectionState) -> str:
    if state.stop:
        return f"arrêtée à la position {state.stop.position} : {state.stop.type} n’a pas pu être appliqué ({state.stop.fault})"
    if state.lag is None:
        return "en attente : les tables sont d’une autre version"
    late = f"en retard de {state.lag} position{'s' if state.lag > 1 else ''}" if state.lag else "à jour"
    counted = (f"version {each.definitions} des définitions : {each.done} personnes comptées sur {each.total}" for each in state.filling)
    return " ; ".join([late, *counted])


def fault_label(fault: str | None, attempts: int | None) -> str:
    if fault is None:
        return "Le processus s’est arrêté à chaque essai."
    return f"Échec ({fault})." if attempts is None else f"{attempts} essai{'s' if attempts > 1 else ''} en échec ({fault})."
