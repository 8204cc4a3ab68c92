"""The facts that somebody asks to set aside: what waits for a second person, and the button by which that person approves."""

from collections.abc import Iterable
from uuid import uuid4

from werkzeug.routing import Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from services.gateway.commands_api import CommandSender
from services.gateway.dependencies import GatewayDeps
from services.gateway.pages.entry import typed
from services.gateway.pages.rendering import Pages
from services.gateway.parameter_kinds import POSITION_KIND
from services.gateway.problems import Problem, Problems, unreadable
from services.gateway.request_context import RequestContext
from services.vocabulary.programme import PROGRAMME
from services.vocabulary.set_aside import STREAM, RequestedAside, requests_aside
from shared.errors import Fault, Forbidden

APPROVE = "ApproveSettingAside"


class SetAsidePages:
    def __init__(self, pages: Pages, deps: GatewayDeps, sender: CommandSender, problems: Problems) -> None:
        self.pages = pages
        self.deps = deps
        self.sender = sender
        self.problems = problems

    def rules(self) -> Iterable[Rule]:
        yield Rule("/mises-a-l-ecart", methods=["GET"], endpoint=self.page)
        yield Rule("/mises-a-l-ecart", methods=["POST"], endpoint=self.approve)

    def page(self, context: RequestContext, problem: Problem | None = None) -> Response:
        identity = context.known()
        if self.deps.permissions.scope(identity.actor.role, APPROVE) is None:
            raise Forbidden("role_may_not", role=identity.actor.role, action=APPROVE)
        waiting = [(asked, str(uuid4())) for asked in self.waiting()]
        return self.pages.page(context, "set_aside.html", problem.status if problem else 200, waiting=waiting, problem=problem)

    def approve(self, context: RequestContext) -> Response:
        form = typed(context.request)
        try:
            position = POSITION_KIND.read(form.get("position", ""))
        except ValueError as fault:
            raise unreadable(f"Position : {fault}") from fault
        message = {"id": form.get("id", ""), "type": APPROVE, "territory": PROGRAMME, "data": {"position": position}}
        try:
            answer = self.sender.send(context.known(), message)
        except Fault as fault:
            return self.page(context, self.problems.of(fault))
        return redirect(f"/evenement/{position}?position={answer['position']}", 303, Response)

    def waiting(self) -> list[RequestedAside]:
        return requests_aside(self.deps.native(self.deps.store.read_stream, STREAM))
