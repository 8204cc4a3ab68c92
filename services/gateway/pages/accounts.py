"""The pages of accounts: who may enter, and as what; a form for each command on an account.

A login is typed as an address, or as a subject at the issuer; its digest alone is sent on (`services.gateway.logins`).
"""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from werkzeug.routing import Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from services.gateway.accounts_api import OPENING, AccountsApi, read_login_to_digest
from services.gateway.commands_api import CommandSender
from services.gateway.dependencies import GatewayDeps
from services.gateway.login import LOGIN_ROLES
from services.gateway.pages.entry import Given, typed
from services.gateway.pages.rendering import Pages
from services.gateway.problems import Problem, Problems, invalid, not_found
from services.gateway.request_context import RequestContext
from services.vocabulary.programme import PROGRAMME
from services.vocabulary.roles import GIVEN_BY_COORDINATION
from shared.errors import Fault, Invalid
from shared.trust.access import EVERYWHERE, Identity

REASONS = "AccessReason"
SERVICE = "accounts"
STATES = {"active": "ouvert", "suspended": "suspendu", "closed": "fermé"}
LOGIN = ("email", "issuer", "subject")  # what a login is made of; a command has its digest in `login`
TERRITORIES = "granted_territories"


class AccountPages:
    def __init__(self, pages: Pages, deps: GatewayDeps, accounts: AccountsApi, sender: CommandSender, problems: Problems) -> None:
        self.pages = pages
        self.deps = deps
        self.accounts = accounts
        self.sender = sender
        self.problems = problems
        described = deps.services[SERVICE]
        (reasons,) = [codes for codes in described.coded_values if codes.__name__ == REASONS]
        self.reasons = [(code.value, code.label) for code in reasons]
        self.commands = frozenset(described.commands)

    def rules(self) -> Iterable[Rule]:
        yield Rule("/comptes", methods=["GET"], endpoint=self.index)
        yield Rule("/comptes", methods=["POST"], endpoint=self.open)
        yield Rule("/comptes/<account>", methods=["GET"], endpoint=self.page)
        yield Rule("/comptes/<account>", methods=["POST"], endpoint=self.give)

    def index(self, context: RequestContext, problem: Problem | None = None, given: Given | None = None) -> Response:
        listed = self.accounts.answers(context.known())
        return self.show(context, "accounts.html", problem, given, accounts=listed)

    def page(self, context: RequestContext, account: str, problem: Problem | None = None, given: Given | None = None) -> Response:
        found = [each for each in self.accounts.answers(context.known()) if each.account == account]
        if not found:
            raise not_found("Il n’y a pas de compte de ce nom.")
        return self.show(context, "account.html", problem, given, account=found[0])

    def show(self, context: RequestContext, template: str, problem: Problem | None, given: Given | None, **model: Any) -> Response:
        visitor = context.known()
        return self.pages.page(
            context,
            template,
            problem.status if problem else 200,
            problem=problem,
            given=given or {},
            faults=problem.more.get("faults", {}) if problem else {},
            may_give=self.deps.permissions.scope(visitor.actor.role, OPENING) is not None,
            offered=roles_given_by(visitor),
            places=places_given_by(visitor, self.deps.territories),
            reasons=self.reasons,
            territories=self.deps.territories,
            states=STATES,
            new_id=lambda: str(uuid4()),
            **model,
        )

    def open(self, context: RequestContext) -> Response:
        form = typed(context.request)
        try:
            self.send(context.known(), "OpenAccount", form, [])
        except (Fault, Problem) as fault:
            return self.index(context, self.problem(fault), form)
        return redirect(f"/comptes/{form['account']}", 303, Response)

    def give(self, context: RequestContext, account: str) -> Response:
        form = {**typed(context.request), "account": account}
        try:
            self.send(context.known(), form.get("command", ""), form, context.request.form.getlist(TERRITORIES))
        except (Fault, Problem) as fault:
            return self.page(context, account, self.problem(fault), form)
        return redirect(f"/comptes/{account}", 303, Response)

    def problem(self, fault: Fault | Problem) -> Problem:
        return fault if isinstance(fault, Problem) else self.problems.of(fault)

    def send(self, identity: Identity, command: str, form: Given, territories: list[str]) -> None:
        """Give a command on an account with what was typed; what was left empty is left out."""
        if command not in self.commands:
            raise not_found("Ce formulaire n’existe pas.")
        left_out = {"id", "command", TERRITORIES, *LOGIN}
        data: dict[str, Any] = {name: value for name, value in form.items() if value and name not in left_out}
        if territories:
            data[TERRITORIES] = territories
        if login := {name: form[name].strip() for name in LOGIN if form.get(name)}:
            data["login"] = self.digest(login)
        self.sender.send(identity, {"id": form.get("id", ""), "type": command, "territory": PROGRAMME, "data": data})

    def digest(self, login: dict[str, str]) -> str:
        """The digest of a login that was typed. A fault of the whole stands under the address."""
        try:
            return self.accounts.of(read_login_to_digest(login))
        except Invalid as fault:
            faults = {"email" if name == "_" else name: texts for name, texts in fault.faults.items()}
            raise invalid(faults) from fault


def roles_given_by(visitor: Identity) -> list[tuple[str, str]]:
    """What this visitor may give: the accounts service decides in any case."""
    everything = visitor.actor.role == "administrator"
    return [(role, label) for role, label in LOGIN_ROLES.items() if everything or role in GIVEN_BY_COORDINATION]


def places_given_by(visitor: Identity, territories: Any) -> list[tuple[str, str]]:
    everywhere = [(PROGRAMME, "Tout le programme")] if EVERYWHERE in visitor.territories else []
    return everywhere + [(id, label) for id, label in territories.items() if visitor.covers(id)]
