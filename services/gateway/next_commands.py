"""What may be done next about a person, and why the rest may not: each service tries its own decisions (`shared.command_trials`)."""

from msgspec import Struct, to_builtins

from services.gateway.dependencies import GatewayDeps
from services.gateway.problems import Problems
from services.gateway.reporting_client import ReportingClient
from services.reporting.list_answers import ListQuestion, PartnerLine, WorkshopLine
from services.reporting.person_answers import PersonState
from shared.command_trials import Asked
from shared.errors import CodedFault
from shared.reply import fault_in
from shared.trust.access import Identity

TICKET, TICKET_ADDRESS = "IssueSurveyTicket", "/v1/survey-tickets"
MAX_OFFERED = 5  # partners and workshops that are tried
"""Of more, one could be accepted where the first ones are refused; a list of them is beside this answer."""


class NextCommand(Struct, frozen=True):
    """A command and where it is sent. Unless it is `allowed`, `code` and `reason` (French) say why not; `title` is its French name.

    Allowed means that some choice of the values that the sender has still to make is accepted now.
    """

    command: str
    service: str
    address: str
    title: str
    allowed: bool
    code: str | None = None
    reason: str | None = None


class NextCommands:
    def __init__(self, deps: GatewayDeps, reports: ReportingClient, problems: Problems) -> None:
        self.deps = deps
        self.reports = reports
        self.problems = problems
        self.titles = {name: title for service in deps.services.values() for name, title in service.title_of.items()}

    def of(self, identity: Identity, state: PersonState) -> list[NextCommand]:
        """Where the person is followed; where they were sent, of somebody whom nobody has met.

        Raises:
            Fault: a service does not answer.
        """
        territory = state.territory or next((each.territory for each in reversed(state.orientations)), None)
        if territory is None:
            return []
        asked = to_builtins(Asked(territory, subjects_of(state), self.offered(territory)))
        token = self.deps.identity_signer.token
        return [command for service in self.deciding() for command in self.tried(service, token(identity, service), asked)]

    def deciding(self) -> list[str]:
        """The services that have commands about a person."""
        return [
            name for name, schemas in self.deps.schemas.items() if any("person" in schema._declared_fields for schema in schemas.values())
        ]

    def tried(self, service: str, token: str, asked: dict[str, object]) -> list[NextCommand]:
        reply = self.deps.call(service, "try_commands", token, asked)
        if fault := fault_in(reply):
            raise fault
        return [self.command(service, name, fault) for name, fault in reply.items()]

    def command(self, service: str, name: str, reply: object) -> NextCommand:
        address = TICKET_ADDRESS if name == TICKET else f"/v1/commands/{name}"
        fault = fault_in(reply)
        if fault is None:
            return NextCommand(name, service, address, self.titles[name], allowed=True)
        code = fault.code if isinstance(fault, CodedFault) else None
        return NextCommand(name, service, address, self.titles[name], False, code, self.problems.of(fault, reading=True).detail)

    def offered(self, territory: str) -> dict[str, list[str]]:
        """The partners and the coming workshops of a territory."""
        partners = self.reports.listing(PartnerLine, ListQuestion("partners", {"territory": [territory]}, "label", MAX_OFFERED))
        waiting = {"territory": [territory], "status": ["scheduled"]}
        workshops = self.reports.listing(WorkshopLine, ListQuestion("workshops", waiting, "-held_on", MAX_OFFERED))
        return {"partner": [each.partner for each in partners], "workshop": [each.workshop for each in workshops]}


def subjects_of(state: PersonState) -> dict[str, list[str]]:
    return {
        "person": [state.person],
        "orientation": [each.orientation for each in reversed(state.orientations)],
        "serial": [each.serial for each in state.loans if each.status == "lent"],
        "workshop": [each.workshop for each in reversed(state.seats)],
    }
