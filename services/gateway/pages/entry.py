"""Recording a step in a browser. It works without JavaScript, and a form that is sent twice records once."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time
from typing import Any
from uuid import UUID, uuid4

from werkzeug.routing import Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from services.gateway.commands import Commands
from services.gateway.dependencies import GatewayDeps
from services.gateway.pages.forms import BY_COMMAND, FORMS, Form, choices, read
from services.gateway.pages.french import PARIS, paris_day
from services.gateway.pages.rendering import Pages
from services.gateway.pages.words import THEMATIQUES
from services.gateway.problems import Problem, not_found, unreadable
from services.gateway.request_context import RequestContext
from shared.errors import Forbidden
from shared.trust.identity import Identity

FORM_LIMIT = 64 * 1024  # bytes
Given = Mapping[str, str]


class EntryPages:
    def __init__(self, pages: Pages, outside: GatewayDeps, commands: Commands) -> None:
        self.pages = pages
        self.outside = outside
        self.commands = commands

    def rules(self) -> Iterable[Rule]:
        yield Rule("/saisie", methods=["GET"], endpoint=self.choose)
        yield Rule("/saisie/<name>", methods=["GET"], endpoint=self.ask)
        yield Rule("/saisie/<name>", methods=["POST"], endpoint=self.record)

    def choose(self, visit: RequestContext) -> Response:
        return self.pages.page(visit, "entry.html", forms=self.forms(visit.known()), person=visit.request.args.get("person", ""))

    def forms(self, identity: Identity) -> list[Form]:
        known = [form for form in FORMS if form.command in self.commands.owner]
        return [form for form in known if self.outside.permissions.scope(identity.actor.role, form.command) is not None]

    def ask(self, visit: RequestContext, name: str) -> Response:
        given = {"person": visit.request.args.get("person", ""), "referent": visit.known().actor.id}
        return self.shown(visit, self.form(visit, name), given | {"id": str(uuid4())})

    def form(self, visit: RequestContext, name: str) -> Form:
        if name not in BY_COMMAND or name not in self.commands.owner:
            raise not_found(f"Aucune étape ne s’appelle {name}.")
        if BY_COMMAND[name] not in self.forms(visit.known()):
            raise Forbidden(f"The role {visit.known().actor.role} may not do {name}.")
        return BY_COMMAND[name]

    def record(self, visit: RequestContext, name: str) -> Response:
        form = self.form(visit, name)
        visit.request.max_content_length = FORM_LIMIT
        given = {field: str(value) for field, value in visit.request.form.items()}
        data = read(form, self.schema(form), given)
        try:
            message = {"id": identifier(given), "type": name, "territory": given.get("territory", ""), "data": data} | self.happened(given)
            answer = self.commands.send(visit.known(), message)
        except Problem as problem:
            return self.shown(visit, form, given, problem)
        return redirect(f"/parcours/{data['person']}?position={answer['position']}", 303, Response)

    def schema(self, form: Form) -> Any:
        return self.outside.schemas[self.commands.owner[form.command]][form.command]

    def happened(self, given: Given) -> dict[str, str]:
        """When the fact happened: now for today, and at noon for a day that is over."""
        day = given.get("on", "")
        if not day:
            return {}
        try:
            said = datetime.combine(datetime.strptime(day, "%Y-%m-%d").date(), time(12), PARIS)  # noqa: DTZ007 - a day has no zone
        except ValueError as fault:
            raise unreadable("Le jour s’écrit 2024-06-30.") from fault
        return {} if said.date() == paris_day(self.outside.clock()) else {"time": said.isoformat()}

    def shown(self, visit: RequestContext, form: Form, given: Given, problem: Problem | None = None) -> Response:
        schema = self.schema(form)
        made = {question.name: str(uuid4()) for question in form.questions if question.kind == "made" and not given.get(question.name)}
        identity = visit.known()
        return self.pages.page(
            visit,
            "form.html",
            problem.status if problem else 200,
            form=form,
            given={**given, **made},
            options={question.name: choices(schema, question.name) for question in form.questions if question.kind == "choice"},
            thematiques=sorted(THEMATIQUES, key=THEMATIQUES.__getitem__),
            problem=problem,
            faults=problem.more.get("faults", {}) if problem else {},
            territories=[(each, label) for each, label in self.outside.territories.items() if identity.covers(each)],
            today=paris_day(self.outside.clock()).isoformat(),
        )


def identifier(given: Given) -> str:
    try:
        return str(UUID(given.get("id", "")))
    except ValueError as fault:
        raise unreadable("Cette page n’a plus son identifiant : rouvrez-la.") from fault
