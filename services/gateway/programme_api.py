"""What frontends need to know before they show anything: who asks and what they may do, the programme and its vocabularies."""

from collections.abc import Iterable

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import json_response
from services.gateway.dependencies import GatewayDeps
from services.gateway.labels import labels_of, names_of
from services.gateway.programme_answers import Code, Me, Permission, ProgrammeAnswer, TerritoryEntry
from services.gateway.read_access import ReadAccess
from services.gateway.request_context import RequestContext
from services.reporting.state_labels import STATES
from services.vocabulary import thematiques
from shared.trust.access import EVERYWHERE


class ProgrammeApi:
    def __init__(self, deps: GatewayDeps, access: ReadAccess) -> None:
        self.deps = deps
        self.access = access
        services = list(deps.services.values())
        self.names = names_of(services) | labels_of(services)
        self.commands = {name for schemas in deps.schemas.values() for name in schemas}

    def rules(self) -> Iterable[Rule]:
        yield Rule("/v1/me", methods=["GET"], endpoint=self.me)
        yield Rule("/v1/programme", methods=["GET"], endpoint=self.programme)

    def me(self, context: RequestContext) -> Response:
        identity = context.known()
        territories = [territory for territory in self.deps.territories if identity.covers(territory)]
        return json_response(
            Me(
                identity.actor,
                self.names[identity.actor.role],
                territories,
                EVERYWHERE in identity.territories,
                self.permissions(identity.actor.role),
            )
        )

    def permissions(self, role: str) -> list[Permission]:
        allowed = sorted((action, scope) for (who, action), scope in self.deps.permissions.table.items() if who == role)
        return [Permission(action, first_upper(self.names[action]), scope, action in self.commands) for action, scope in allowed]

    def programme(self, context: RequestContext) -> Response:
        self.access.check_somewhere(context.known(), "read_programme")
        reference = self.deps.reference
        lists = {codes.__name__: codes for service in self.deps.services.values() for codes in service.coded_values}
        return json_response(
            ProgrammeAnswer(
                reference.programme,
                reference.label,
                reference.since,
                reference.earliest(),
                [TerritoryEntry(each.id, each.label, list(each.qpv), each.since, each.until) for each in reference.territories],
                list(reference.groupings),
                [Code(id, label) for id, label in thematiques.LABELS.items()],
                {name: [Code(code.value, code.label) for code in lists[name]] for name in sorted(lists)},
                {member: [Code(word, label) for word, label in labels.items()] for member, labels in STATES.items()},
            )
        )


def first_upper(name: str) -> str:
    """A name as it stands alone, not in a sentence."""
    return name[:1].upper() + name[1:]
