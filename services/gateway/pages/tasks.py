"""The page of the open tasks, where each is tried again or marked as done. Programs read them at `GET /v1/tasks` (`lists`)."""

from collections.abc import Iterable, Mapping
from uuid import uuid4

from werkzeug.routing import Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from services.gateway.commands_api import CommandSender
from services.gateway.dependencies import GatewayDeps
from services.gateway.pages.entry import Given, is_uuid, typed
from services.gateway.pages.openable import Openable
from services.gateway.pages.rendering import Pages
from services.gateway.problems import Problem, Problems, invalid, session_ended, unreadable
from services.gateway.read_access import ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.gateway.request_context import RequestContext
from services.gateway.task_texts import TaskEntry, TaskTexts
from services.reporting.list_answers import ListQuestion, TaskLine
from shared.errors import Fault, Forbidden
from shared.field_rules import Faults
from shared.trust.access import Identity

MAX_TASKS = 500  # the oldest first; as some are completed, later ones come up
NOTE_EXPECTED = "Dites ce qui a été fait."
BUTTONS = {"retry": "RetryTask", "done": "CompleteTask"}


class TaskPages:
    def __init__(
        self,
        pages: Pages,
        access: ReadAccess,
        reports: ReportingClient,
        deps: GatewayDeps,
        sender: CommandSender,
        problems: Problems,
        openable: Openable,
    ) -> None:
        self.pages = pages
        self.access = access
        self.reports = reports
        self.deps = deps
        self.sender = sender
        self.problems = problems
        self.openable = openable
        self.texts = TaskTexts(deps)

    def rules(self) -> Iterable[Rule]:
        yield Rule("/taches", methods=["GET"], endpoint=self.page)
        yield Rule("/taches", methods=["POST"], endpoint=self.act)

    def page(self, context: RequestContext, problem: Problem | None = None, sent: Given | None = None) -> Response:
        """The page. After a problem, the form that was `sent` keeps its id and its note, so that it may be sent again."""
        sent = sent or {}
        entries = [
            (entry, {button: kept_id(sent, entry.id, button) for button in BUTTONS}, sent if sent.get("task") == entry.id else {})
            for entry in self.entries(context)
        ]
        return self.pages.page(
            context,
            "tasks.html",
            problem.status if problem else 200,
            entries=entries,
            opens_persons=self.openable.persons(context.known(), [entry.person for entry, _, _ in entries]),
            territories=self.deps.territories,
            problem=problem,
            faults=under_note(problem.more.get("faults", {})) if problem else {},
            lost="" if any(entry.id == sent.get("task") for entry, _, _ in entries) else sent.get("note", ""),
        )

    def act(self, context: RequestContext) -> Response:
        """One of the buttons: give the task's command."""
        form = typed(context.request)
        button = form.get("button", "")
        if button not in BUTTONS:
            raise unreadable("Ce formulaire n’a pas ce bouton.")
        if context.identity is None:
            return self.pages.page(context, "task_kept.html", 401, problem=session_ended(), sent=form)
        command = BUTTONS[button]
        if command == "CompleteTask" and not form.get("note", "").strip():
            return self.page(context, invalid({"note": [NOTE_EXPECTED]}), form)
        data = {"task": form.get("task", "")} | ({"note": form["note"]} if form.get("note") and command == "CompleteTask" else {})
        message = {"id": form.get("id", ""), "type": command, "territory": form.get("territory", ""), "data": data}
        try:
            answer = self.sender.send(context.known(), message)
        except Fault as fault:
            return self.page(context, self.problems.of(fault), form)
        return redirect(f"/taches?position={answer['position']}", 303, Response)

    def entries(self, context: RequestContext) -> list[TaskEntry]:
        identity = context.known()
        self.reports.wait_for_client(context)
        question = ListQuestion("tasks", {"territory": self.territories(identity)}, "opened_on", MAX_TASKS)
        return [self.texts.entry(task) for task in self.reports.listing(TaskLine, question)]

    def territories(self, identity: Identity) -> list[str]:
        """The territories whose tasks the identity may read.

        Raises:
            Forbidden: the role reads no tasks.
        """
        if self.access.permissions.scope(identity.actor.role, "read_tasks") is None:
            raise Forbidden("role_may_not", role=identity.actor.role, action="read_tasks")
        return [territory for territory in self.deps.territories if self.access.may(identity, "read_tasks", territory)]


def kept_id(sent: Given, task: str, button: str) -> str:
    """The id of a button's command: the one that was sent with it, or a new one."""
    again = (sent.get("task"), sent.get("button")) == (task, button) and is_uuid(sent.get("id", ""))
    return sent["id"] if again else str(uuid4())


def under_note(faults: Mapping[str, list[str]]) -> Faults:
    """Every fault of a task's form, under its one field."""
    return {"note": [text for texts in faults.values() for text in texts]} if faults else {}
