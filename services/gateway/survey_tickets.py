"""Survey tickets over HTTP: `POST /v1/survey-tickets`, with the body of the command IssueSurveyTicket.

The header Idempotency-Key is the secret from which the ticket is made: it is passed on to no service and recorded nowhere, so a random one
leads nobody from the issue to the ticket (`services.vocabulary.survey_ticket`). The same key sent again gets the same ticket.
"""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from msgspec import Struct
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import TICKET, CommandSender, command_id, envelope, json_response, read_object
from services.gateway.dependencies import GatewayDeps
from services.gateway.problems import Problem
from services.gateway.request_context import RequestContext
from services.vocabulary import survey_ticket
from services.vocabulary.survey_ticket import SurveyMoment, make_ticket
from shared.message import EventMessage, data_of

EVENT = "SurveyTicketIssued"


class Issue(Struct, frozen=True):
    """The fields of the event that the ticket carries."""

    moment: SurveyMoment
    territory: str
    on: date


class SurveyTicketsApi:
    def __init__(self, deps: GatewayDeps, sender: CommandSender) -> None:
        self.deps = deps
        self.sender = sender
        self.seals = deps.survey_seals

    def rules(self) -> Iterable[Rule]:
        yield Rule("/v1/survey-tickets", methods=["POST"], endpoint=self.issue)

    def issue(self, context: RequestContext) -> Response:
        identity, body = context.known(), read_object(context.request)
        secret = command_id(context.request.headers.get("Idempotency-Key"))
        answer = self.sender.send(identity, envelope(body, TICKET, str(survey_ticket.command_id(UUID(secret)))))
        if answer["events"] != [EVENT]:
            raise Problem(
                409, "id_used", "Cet identifiant est celui d’une autre commande", "Redemandez le ticket avec un nouvel identifiant."
            )
        (event,) = self.deps.native(self.deps.store.read_at, [answer["position"]])
        return json_response(self.ticket(event, secret), 201, {"Parcours-Position": str(answer["position"])})

    def ticket(self, event: EventMessage, secret: str) -> dict[str, str]:
        """What the event says was issued, never what the request says: a key sent again with another body is the same issue."""
        issue = data_of(event, Issue)
        ticket = self.seals.sealed(make_ticket(secret, issue.moment, issue.territory, issue.on, self.seals.digest))
        return {"ticket": ticket, "territory": issue.territory, "moment": issue.moment}
