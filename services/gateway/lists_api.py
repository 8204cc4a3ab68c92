"""Lists over HTTP, a page at a time. What a reader finds in them follows from the permission of the list."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from msgspec import Struct
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import json_response
from services.gateway.cursors import cursor_of, values_in
from services.gateway.dependencies import GatewayDeps
from services.gateway.lists import LISTS, ListAddress
from services.gateway.read_access import ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.gateway.request_context import RequestContext
from services.gateway.task_texts import TaskTexts
from services.reporting.list_answers import ListQuestion, TaskLine
from shared.errors import Forbidden
from shared.trust.access import Identity

DEFAULT_LINES = 100
OWN = {"prescriber": "prescriber", "participant": "person"}
"""By role, the column that its own lines have the reader in."""
Filters = dict[str, list[str]]


class ListPage(Struct, frozen=True):
    """`next` is where the next page begins: hand it back as `cursor`. It is null at the end of the list."""

    items: list[Any]
    next: str | None


class ListsApi:
    def __init__(self, deps: GatewayDeps, access: ReadAccess, reports: ReportingClient) -> None:
        self.deps = deps
        self.access = access
        self.reports = reports
        self.texts = TaskTexts(deps)

    def rules(self) -> Iterable[Rule]:
        for address in LISTS:
            yield Rule(address.rule, methods=["GET"], endpoint=partial(self.page, address))

    def page(self, address: ListAddress, context: RequestContext) -> Response:
        question = self.question(address, context, context.known())
        self.reports.wait_for_client(context)
        lines: list[Any] = self.reports.listing(address.line, question)
        limit = question.limit - 1
        columns = address.sorts[question.sort.removeprefix("-")]
        following = cursor_of(question.sort, [getattr(lines[limit - 1], name) for name in columns]) if len(lines) > limit else None
        items = [self.texts.entry(line) if isinstance(line, TaskLine) else line for line in lines[:limit]]
        return json_response(ListPage(items, following))

    def question(self, address: ListAddress, context: RequestContext, identity: Identity) -> ListQuestion:
        """What is asked, for what the reader may see: one line more than fits the page tells whether there is another.

        Raises:
            Forbidden: the reader has no such list.
            Problem: the cursor belongs to another list (400).
        """
        own, seen_from = self.limits(address, identity)
        filters = {name: sorted(context.query[name]) for name in address.filters if name in context.query}
        if context.query.get("followed") == "ever" and "territory" in filters:
            filters["ever"] = filters.pop("territory")
        if "mine" in context.query:
            own = {**own, "referent": [identity.actor.id]}
        filters |= {name: [value for value in values if value in filters.get(name, values)] for name, values in own.items()}
        sort = context.query.get("sort", next(iter(address.sorts)))
        cursor, columns = context.query.get("cursor"), address.sorts[sort.removeprefix("-")]
        after = None if cursor is None else values_in(cursor, sort, len(columns))
        return ListQuestion(address.name, filters, sort, context.query.get("limit", DEFAULT_LINES) + 1, after, seen_from)

    def limits(self, address: ListAddress, identity: Identity) -> tuple[Filters, list[str] | None]:
        """What the permission of a list leaves to a reader: the values of columns, and the territories from which they look.

        Raises:
            Forbidden: nothing.
        """
        role, organisation = identity.actor.role, identity.actor.organisation
        match self.access.permissions.scope(role, address.action):
            case "all":
                return {}, None
            case "territory":
                return {}, [territory for territory in self.deps.territories if identity.covers(territory)]
            case "addressee" if organisation:
                return {"partner": [organisation]}, None
            case "own" if role == "participant":
                return {OWN[role]: [identity.actor.id]}, None
            case "own" if organisation:
                return {OWN[role]: [organisation]}, None
            case _:
                raise Forbidden("role_may_not", role=role, action=address.action)
