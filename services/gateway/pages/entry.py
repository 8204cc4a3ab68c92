"""Forms in which a person records a step. They work without JavaScript; a form that is sent twice records once."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

from werkzeug.routing import Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from services.gateway.commands_api import CommandSender
from services.gateway.dependencies import GatewayDeps
from services.gateway.pages.form_data import choices_of, command_data
from services.gateway.pages.french import local_day
from services.gateway.pages.rendering import Pages
from services.gateway.problems import Problem, Problems, not_found, unreadable
from services.gateway.request_context import RequestContext
from services.vocabulary import thematiques
from services.vocabulary.calendar import ZONE
from shared.description import Form
from shared.errors import Fault, Forbidden, Invalid
from shared.trust.access import Identity

MAX_FORM_BYTES = 64 * 1024
REUSED = "command_id_reused"  # the form was sent before, with other answers
REUSED_FORM = (
    "Ce formulaire a déjà enregistré une étape, avec d’autres réponses.",
    "Celles-ci ne sont pas enregistrées. Si vous l’envoyez encore, ce sera une étape de plus.",
)
DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
Given = Mapping[str, str]


class EntryPages:
    def __init__(self, pages: Pages, deps: GatewayDeps, sender: CommandSender, problems: Problems) -> None:
        self.pages = pages
        self.deps = deps
        self.sender = sender
        self.problems = problems
        self.forms = {form.command.__name__: form for service in deps.services.values() for form in service.forms}

    def rules(self) -> Iterable[Rule]:
        yield Rule("/saisie", methods=["GET"], endpoint=self.choose)
        yield Rule("/saisie/<name>", methods=["GET"], endpoint=self.ask)
        yield Rule("/saisie/<name>", methods=["POST"], endpoint=self.record)

    def choose(self, context: RequestContext) -> Response:
        return self.pages.page(context, "entry.html", forms=self.offered(context.known()), person=context.query.get("person", ""))

    def offered(self, identity: Identity) -> list[Form]:
        """The forms of the commands that this role may give."""
        role = identity.actor.role
        return [form for name, form in self.forms.items() if self.deps.permissions.scope(role, name) is not None]

    def ask(self, context: RequestContext, name: str) -> Response:
        given = {"person": context.query.get("person", ""), "referent": context.known().actor.id}
        return self.show(context, self.form(context, name), given | {"id": str(uuid4())})

    def form(self, context: RequestContext, name: str) -> Form:
        if name not in self.forms:
            raise not_found(f"Aucune étape ne s’appelle {name}.")
        if self.forms[name] not in self.offered(context.known()):
            raise Forbidden("role_may_not", role=context.known().actor.role, action=name)
        return self.forms[name]

    def record(self, context: RequestContext, name: str) -> Response:
        form = self.form(context, name)
        context.request.max_content_length = MAX_FORM_BYTES
        given = typed(context.request)
        if not is_uuid(given.get("id", "")):
            no_id = unreadable("Cette page n’avait plus son identifiant : elle en a un nouveau, vous pouvez l’envoyer.")
            return self.show(context, form, with_new_ids(form, given), no_id)
        data = command_data(form, self.schema(form), given)
        try:
            message = {"id": given["id"], "type": name, "territory": given.get("territory", ""), "data": data} | self.happened(given)
            answer = self.sender.send(context.known(), message)
        except Fault as fault:
            problem = self.problems.of(fault)
            if problem.code == REUSED:
                return self.show(context, form, with_new_ids(form, given), Problem(409, REUSED, *REUSED_FORM))
            return self.show(context, form, given, problem)
        return redirect(f"/parcours/{quote(str(data['person']), safe='')}?position={answer['position']}", 303, Response)

    def schema(self, form: Form) -> Any:
        name = form.command.__name__
        return self.deps.schemas[self.sender.owner[name]][name]

    def happened(self, given: Given) -> dict[str, str]:
        """The time of the fact: left out (now) for today, noon for an earlier day."""
        day = given.get("on", "")
        if not day:
            return {}
        try:
            noon = datetime.combine(day_of(day), time(12), ZONE)
        except ValueError as fault:
            raise Invalid({"on": ["Le jour s’écrit 2024-06-30."]}) from fault
        return {} if noon.date() == local_day(self.deps.clock()) else {"time": noon.isoformat()}

    def show(self, context: RequestContext, form: Form, given: Given, problem: Problem | None = None) -> Response:
        schema = self.schema(form)
        generated = [question.field for question in form.questions if question.kind == "generated_id"]
        new_ids = {field: str(uuid4()) for field in generated if not given.get(field)}
        identity = context.known()
        return self.pages.page(
            context,
            "form.html",
            problem.status if problem else 200,
            form=form,
            given={**given, **new_ids},
            options={question.field: choices_of(schema, question.field) for question in form.questions if question.kind == "choice"},
            thematiques=sorted(thematiques.LABELS, key=thematiques.LABELS.__getitem__),
            problem=problem,
            faults=problem.more.get("faults", {}) if problem else {},
            territories=[(each, label) for each, label in self.deps.territories.items() if identity.covers(each)],
            today=local_day(self.deps.clock()).isoformat(),
        )


def typed(request: Request) -> Given:
    """What was typed in a form.

    Raises:
        Problem: it is not UTF-8, which werkzeug would replace in silence.
    """
    given = {field: str(value) for field, value in request.form.items()}
    if any("\ufffd" in value for value in given.values()):
        raise unreadable("Ce formulaire n’est pas en UTF-8.")
    return given


def with_new_ids(form: Form, given: Given) -> Given:
    """The answers of a form under ids of their own: sent again, they are another step."""
    generated = {question.field for question in form.questions if question.kind == "generated_id"}
    return {field: value for field, value in given.items() if field not in generated} | {"id": str(uuid4())}


def day_of(text: str) -> date:
    """A day as a browser sends it.

    Raises:
        ValueError: another spelling, or no day of the calendar.
    """
    if not DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
