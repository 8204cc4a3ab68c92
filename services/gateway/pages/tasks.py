"""The open tasks: over HTTP (`GET /v1/tasks`), and on a page where each is tried again or marked as done."""

from collections.abc import Iterable
from uuid import uuid4

from msgspec import Struct, structs
from werkzeug.routing import Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from services.gateway.commands_api import CommandSender, json_response
from services.gateway.dependencies import GatewayDeps
from services.gateway.pages.entry import typed
from services.gateway.pages.rendering import Pages
from services.gateway.problems import Problem, Problems, unreadable
from services.gateway.read_access import ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.gateway.request_context import RequestContext
from services.reporting.answers import Task
from shared.errors import Fault, Forbidden
from shared.trust.access import Identity

BUTTONS = {"retry": "RetryTask", "done": "CompleteTask"}


class TaskEntry(Task, frozen=True, kw_only=True):
    """A task as people read it: `what` is to be done, and `why` it was left to them."""

    what: str
    why: str


class Tasks(Struct, frozen=True):
    tasks: list[TaskEntry]


class TaskPages:
    def __init__(
        self, pages: Pages, access: ReadAccess, reports: ReportingClient, deps: GatewayDeps, sender: CommandSender, problems: Problems
    ) -> None:
        self.pages = pages
        self.access = access
        self.reports = reports
        self.deps = deps
        self.sender = sender
        self.problems = problems
        self.what = {policy.id: policy.task for service in deps.services.values() for policy in service.policies}

    def rules(self) -> Iterable[Rule]:
        yield Rule("/v1/tasks", methods=["GET"], endpoint=self.tasks)
        yield Rule("/taches", methods=["GET"], endpoint=self.page)
        yield Rule("/taches", methods=["POST"], endpoint=self.act)

    def tasks(self, context: RequestContext) -> Response:
        return json_response(Tasks(self.entries(context)))

    def page(self, context: RequestContext, problem: Problem | None = None, sent: tuple[str, str, str] = ("", "", "")) -> Response:
        """The page; after a problem, the button that was `sent` (its task, its name, its id) keeps its id, so that it may be sent again."""
        task, button, id = sent
        entries = [
            (entry, {each: id if (entry.id, each) == (task, button) and id else str(uuid4()) for each in BUTTONS})
            for entry in self.entries(context)
        ]
        status = problem.status if problem else 200
        return self.pages.page(context, "tasks.html", status, entries=entries, territories=self.deps.territories, problem=problem)

    def act(self, context: RequestContext) -> Response:
        """One of the buttons: give the task's command."""
        form = typed(context.request)
        button = form.get("button", "")
        if button not in BUTTONS:
            raise unreadable("Ce formulaire n’a pas ce bouton.")
        command = BUTTONS[button]
        data = {"task": form.get("task", "")} | ({"note": form["note"]} if form.get("note") and command == "CompleteTask" else {})
        message = {"id": form.get("id", ""), "type": command, "territory": form.get("territory", ""), "data": data}
        try:
            answer = self.sender.send(context.known(), message)
        except Fault as fault:
            return self.page(context, self.problems.of(fault), (form.get("task", ""), button, form.get("id", "")))
        return redirect(f"/taches?position={answer['position']}", 303, Response)

    def entries(self, context: RequestContext) -> list[TaskEntry]:
        identity = context.known()
        self.reports.wait_for_client(context)
        return [self.entry(task) for task in self.reports.tasks(self.territories(identity))]

    def territories(self, identity: Identity) -> list[str]:
        """The territories whose tasks the identity may read.

        Raises:
            Forbidden: the role reads no tasks.
        """
        if self.access.permissions.scope(identity.actor.role, "read_tasks") is None:
            raise Forbidden("role_may_not", role=identity.actor.role, action="read_tasks")
        return [territory for territory in self.deps.territories if self.access.may(identity, "read_tasks", territory)]

    def entry(self, task: Task) -> TaskEntry:
        what, why = self.what.get(task.policy, task.policy), self.deps.catalogue.text(task.code, task.details)
        return TaskEntry(**structs.asdict(task), what=what, why=why)
