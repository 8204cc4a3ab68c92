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
from services.gateway.pages.form_choices import Entries, FormChoices
from services.gateway.pages.form_data import command_data
from services.gateway.pages.form_faults import placed
from services.gateway.pages.french import local_day
from services.gateway.pages.person_record import followed_on, present
from services.gateway.pages.rendering import Pages
from services.gateway.problems import REUSED, Problem, Problems, not_found, session_ended, unreadable
from services.gateway.request_context import RequestContext
from services.vocabulary.calendar import ZONE
from shared.description import Form
from shared.errors import Fault, Forbidden
from shared.field_rules import Faults
from shared.trust.access import Identity

MAX_FORM_BYTES = 64 * 1024
REUSED_FORM = (
    "Ce formulaire a déjà enregistré une étape, avec d’autres réponses.",
    "Celles-ci ne sont pas enregistrées. Si vous l’envoyez encore, ce sera une étape de plus.",
)
DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
DAY_EXPECTED = "Le jour s’écrit 2024-06-30."
NEVER = "9999-12-31T12:00:00+01:00"  # the time of a day that cannot be read: it is refused with every other fault of the form
ELSEWHERE = "followed_elsewhere"
Given = Mapping[str, str]


class EntryPages:
    def __init__(self, pages: Pages, deps: GatewayDeps, sender: CommandSender, problems: Problems, choices: FormChoices) -> None:
        self.pages = pages
        self.deps = deps
        self.sender = sender
        self.problems = problems
        self.choices = choices
        self.titles = {name: title for service in deps.services.values() for name, title in service.title_of.items()}
        self.forms = {form.command.__name__: form for service in deps.services.values() for form in service.forms}

    def rules(self) -> Iterable[Rule]:
        yield Rule("/saisie", methods=["GET"], endpoint=self.choose)
        yield Rule("/saisie/<name>", methods=["GET"], endpoint=self.ask)
        yield Rule("/saisie/<name>", methods=["POST"], endpoint=self.record)

    def choose(self, context: RequestContext) -> Response:
        """The forms; of a person, those that speak of somebody who is known, if the visitor records where the person is followed."""
        visitor, person = context.known(), context.query.get("person", "")
        entries = self.choices.timeline(visitor, person)
        elsewhere = None if self.choices.may_record(visitor, entries) else present(entries or [])
        forms = [form for form in self.offered(visitor) if not (person and generates(form, "person"))]
        titles, territories = self.titles, self.deps.territories
        return self.pages.page(
            context, "entry.html", forms=forms, titles=titles, person=person, elsewhere=elsewhere, territories=territories
        )

    def offered(self, identity: Identity) -> list[Form]:
        """The forms of the commands that this role may give."""
        role = identity.actor.role
        return [form for name, form in self.forms.items() if self.deps.permissions.scope(role, name) is not None]

    def ask(self, context: RequestContext, name: str) -> Response:
        visitor, form = context.known(), self.form(name)
        self.check_offered(visitor, form)
        person = "" if generates(form, "person") else context.query.get("person", "")
        entries = self.choices.timeline(visitor, person)
        where = present(entries or []) or ""
        return self.show(context, form, {"person": person, "referent": visitor.actor.id, "id": str(uuid4()), "territory": where})

    def form(self, name: str) -> Form:
        if name not in self.forms:
            raise not_found(f"Aucune étape ne s’appelle {name}.")
        return self.forms[name]

    def check_offered(self, identity: Identity, form: Form) -> None:
        if form not in self.offered(identity):
            raise Forbidden("role_may_not", role=identity.actor.role, action=form.command.__name__)

    def record(self, context: RequestContext, name: str) -> Response:
        form = self.form(name)
        context.request.max_content_length = MAX_FORM_BYTES
        given = typed(context.request)
        if context.identity is None:
            return self.show(context, form, given if is_uuid(given.get("id", "")) else with_new_ids(form, given), session_ended())
        self.check_offered(context.identity, form)
        if not is_uuid(given.get("id", "")):
            no_id = unreadable("Cette page n’avait plus son identifiant : elle en a un nouveau, vous pouvez l’envoyer.")
            return self.show(context, form, with_new_ids(form, given), no_id)
        data = command_data(form, self.schema(form), given)
        try:
            message = {"id": given["id"], "type": name, "territory": given.get("territory", ""), "data": data} | self.happened(given)
            answer = self.sender.send(context.known(), message, alone=False)  # of two clicks, both are answered
        except Fault as fault:
            problem = self.problems.of(fault)
            if problem.code == REUSED:
                return self.show(context, form, with_new_ids(form, given), Problem(422, REUSED, *REUSED_FORM))
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
        if not is_day(day):
            return {"time": NEVER}
        noon = datetime.combine(date.fromisoformat(day), time(12), ZONE)
        return {} if noon.date() == local_day(self.deps.clock()) else {"time": noon.isoformat()}

    def show(self, context: RequestContext, form: Form, given: Given, problem: Problem | None = None) -> Response:
        """The form. What its lists offer is read for the visitor; without one, or if it cannot be read, a problem keeps what was typed."""
        generated = [question.field for question in form.questions if question.kind == "generated_id"]
        new_ids = {field: str(uuid4()) for field in generated if not given.get(field)}
        visitor, today = context.identity, local_day(self.deps.clock()).isoformat()
        try:
            entries = self.choices.timeline(visitor, given.get("person", "")) if visitor else None
            options = self.choices.of(form, given, visitor, entries)
        except Fault:
            if problem is None:
                raise
            entries, options = None, self.choices.of(form, given, None, None)
        faults = faults_of(form, given, problem) if problem else {}
        if problem and problem.code == ELSEWHERE:
            faults |= {"territory": [self.elsewhere(problem, entries, given.get("on", "") or today)]}
        return self.pages.page(
            context,
            "form.html",
            problem.status if problem else 200,
            form=form,
            title=self.titles[form.command.__name__],
            given={**given, **new_ids},
            options=options,
            problem=problem,
            faults=faults,
            territories=self.choices.territories(visitor),
            today=today,
        )

    def elsewhere(self, problem: Problem, entries: Entries | None, day: str) -> str:
        """Where the person is followed on that day, for whoever may read it."""
        where = followed_on(entries or [], day)
        return f"Ce jour-là, cette personne est suivie ici : {self.deps.territories.get(where, where)}." if where else problem.detail


def generates(form: Form, field: str) -> bool:
    """Whether the form makes this field's id itself."""
    return any(question.field == field and question.kind == "generated_id" for question in form.questions)


def faults_of(form: Form, given: Given, problem: Problem) -> Faults:
    """The faults of a problem under the fields of the form."""
    faults = placed(form, given, problem.more.get("faults", {}))
    day = given.get("on", "")
    return faults | ({"on": [DAY_EXPECTED]} if day and not is_day(day) else {})


def typed(request: Request) -> Given:
    """What was typed in a form; the values of a field that has several are separated by commas.

    Raises:
        Problem: it is not UTF-8, which werkzeug would replace in silence.
    """
    given = {field: ", ".join(values) for field, values in request.form.lists()}
    if any("\ufffd" in value for value in given.values()):
        raise unreadable("Ce formulaire n’est pas en UTF-8.")
    return given


def with_new_ids(form: Form, given: Given) -> Given:
    """The answers of a form under ids of their own: sent again, they are another step."""
    generated = {question.field for question in form.questions if question.kind == "generated_id"}
    return {field: value for field, value in given.items() if field not in generated} | {"id": str(uuid4())}


def is_day(text: str) -> bool:
    """Whether this is a day of the calendar, as a browser sends it."""
    try:
        return DAY.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
