"""One command over HTTP: `POST /v1/commands/<Command>`, with its id in the header Idempotency-Key."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec
from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from services.gateway.dependencies import GatewayDeps
from services.gateway.metrics import Metrics
from services.gateway.problems import Problem, not_found, unauthenticated, unreadable
from services.gateway.request_context import RequestContext
from shared.errors import Invalid, Refused, Unavailable
from shared.message import ANONYMOUS
from shared.reply import Reply, fault_in
from shared.trust.access import Identity
from shared.validation import NotJson, read_json

MAX_COMMAND_BYTES = 300 * 1024  # the largest event, and the envelope of its command
SET_BY_GATEWAY = frozenset({"id", "type", "actor", "recorded_time"})  # they come from the address, the header and the session
ANSWER, TICKET = "AnswerSurvey", "IssueSurveyTicket"
Members = dict[str, Any]


class CommandSender:
    """Sends commands to the service that decides them, with the signed identity of the caller."""

    def __init__(self, deps: GatewayDeps, metrics: Metrics) -> None:
        self.deps = deps
        self.metrics = metrics
        self.owner: Mapping[str, str] = {name: service for service, schemas in deps.schemas.items() for name in schemas}

    def send(self, identity: Identity, message: Members) -> Members:
        """The answer to one command.

        Raises:
            Fault: what the service answered, or Unavailable.
        """
        name = message["type"]
        if name not in self.owner:
            raise not_found(f"Aucune commande ne s’appelle {name}.")
        token = self.deps.services_signer.service_token(identity)
        try:
            reply = self.deps.commands.handle(self.owner[name], token, msgspec.json.encode(message).decode())
        except Unavailable as unavailable:
            reply = {"unavailable": str(unavailable)}
        self.count(reply)
        if fault := fault_in(reply):
            raise fault
        answer: Members = reply["accepted"]
        return answer

    def speaker(self, identity: Identity | None, message: Members) -> Identity | None:
        """Who asks: the visitor. An answer to the survey is anonymous whoever sends it: the service asks for its ticket alone."""
        return Identity(ANONYMOUS, (str(message.get("territory")),)) if message.get("type") == ANSWER else identity

    def ticket_refusal(self, identity: Identity, name: str) -> Refused | None:
        """A ticket that is issued and handed to nobody can never be redeemed: only the tools that bring past history may do so."""
        return Refused("ticket_is_handed_out") if name == TICKET and identity.actor.role != "system" else None

    def count(self, reply: Reply) -> None:
        self.metrics.count("commands_total", outcome=next(iter(reply), "?"))


class CommandsApi:
    def __init__(self, sender: CommandSender) -> None:
        self.sender = sender

    def rules(self) -> Iterable[Rule]:
        yield Rule("/v1/commands/<name>", methods=["POST"], endpoint=self.post)

    def post(self, context: RequestContext, name: str) -> Response:
        if name not in self.sender.owner:
            raise not_found(f"Aucune commande ne s’appelle {name}.")
        message = envelope(read_object(context.request), name, context.request.headers.get("Idempotency-Key"))
        speaker = self.sender.speaker(context.identity, message)
        if speaker is None:
            raise unauthenticated()
        if refusal := self.sender.ticket_refusal(speaker, name):
            raise refusal
        answer = self.sender.send(speaker, message)
        return json_response(answer, 201, {"Parcours-Position": str(answer["position"])})


def envelope(body: Members, name: str, key: str | None) -> Members:
    """The message of one command. Its service lists every other fault of the envelope and of the data together.

    Raises:
        Invalid: the body has fields that only the programme's own tools may send (an actor, a time of recording).
    """
    faults = {field: ["Ce champ n’existe pas."] for field in body if field in SET_BY_GATEWAY}
    if faults:
        raise Invalid(faults)
    return {"data": {}, **body, "id": command_id(key), "type": name}


def command_id(key: str | None) -> str:
    try:
        return str(UUID(key or ""))
    except ValueError as fault:
        raise Problem(
            400,
            "idempotency_key_needed",
            "Une commande a un identifiant",
            "L’en-tête Idempotency-Key attend un UUID : l’identifiant de la commande.",
        ) from fault


def read_object(request: Request) -> Members:
    request.max_content_length = MAX_COMMAND_BYTES
    try:
        body = read_json(request.get_data())
    except NotJson as fault:
        raise unreadable(f"Ce n’est pas du JSON : {fault}.") from fault
    if not isinstance(body, dict):
        raise unreadable("Un objet JSON est attendu.")
    return body


def json_response(answer: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(answer), status, headers, content_type="application/json; charset=utf-8")
