"""One person over HTTP: what stands of them, and what may be done next."""

from collections.abc import Iterable

from msgspec import Struct
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import json_response
from services.gateway.dependencies import GatewayDeps
from services.gateway.next_commands import NextCommand, NextCommands
from services.gateway.problems import Problems, not_found
from services.gateway.read_access import ReadAccess
from services.gateway.reporting_client import ReportingClient
from services.gateway.request_context import RequestContext
from services.reporting.person_answers import PersonState
from services.vocabulary.calendar import local_date

NOBODY_KNOWN = "Aucun événement ne parle de cette personne."


class PersonAnswer(Struct, frozen=True):
    """`next` are the commands about this person, each with whether it would be accepted now."""

    person: PersonState
    next: list[NextCommand]


class PeopleApi:
    def __init__(self, deps: GatewayDeps, access: ReadAccess, reports: ReportingClient, problems: Problems) -> None:
        self.deps = deps
        self.access = access
        self.reports = reports
        self.next_commands = NextCommands(deps, reports, problems)

    def rules(self) -> Iterable[Rule]:
        yield Rule("/v1/people/<person>", methods=["GET"], endpoint=self.person)

    def person(self, context: RequestContext, person: str) -> Response:
        identity = context.known()
        self.reports.wait_for_client(context)
        state = self.reports.person(person, local_date(self.deps.clock()).isoformat())
        near = set(state.followed_in) or {each.territory for each in state.orientations}
        self.access.check_timeline(identity, person, near, "read_people")
        if not near:
            raise not_found(NOBODY_KNOWN)
        return json_response(PersonAnswer(state, self.next_commands.of(identity, state)))
