"""Commands over HTTP: one at a time, or many as NDJSON with an answer for each line, in order."""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

import msgspec
from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from services.gateway.commands import Commands
from services.gateway.problems import Problem, not_found, unauthenticated, unreadable
from services.gateway.request_context import RequestContext
from services.gateway.session import Sessions, read_login
from shared.errors import Invalid

COMMAND_LIMIT = 300 * 1024  # bytes: the largest event, and its envelope
BATCH_LIMIT = 256 * 1024 * 1024
NDJSON = "application/x-ndjson"
NOT_OURS = frozenset({"id", "type", "actor", "recorded_time"})  # said by the address, the header and the session


class CommandsApi:
    def __init__(self, commands: Commands, sessions: Sessions) -> None:
        self.commands = commands
        self.sessions = sessions

    def rules(self) -> Iterable[Rule]:
        yield Rule("/v1/commands/<name>", methods=["POST"], endpoint=self.one)
        yield Rule("/v1/commands", methods=["POST"], endpoint=self.many)
        yield Rule("/v1/session", methods=["POST"], endpoint=self.session)
        yield Rule("/v1/survey-tickets", methods=["POST"], endpoint=self.ticket)

    def one(self, visit: RequestContext, name: str) -> Response:
        if name not in self.commands.owner:
            raise not_found(f"Aucune commande ne s’appelle {name}.")
        message = envelope(read_object(visit.request), name, visit.request.headers.get("Idempotency-Key"))
        speaker = self.commands.speaker(visit.identity, message)
        if speaker is None:
            raise unauthenticated()
        answer = self.commands.send(speaker, message)
        return json(answer, 201, {"Parcours-Position": str(answer["position"])})

    def many(self, visit: RequestContext) -> Response:
        if visit.request.mimetype not in {NDJSON, "application/ndjson", "application/jsonl"}:
            raise Problem(415, "not_ndjson", "Des lignes de JSON sont attendues", f"Content-Type: {NDJSON}")
        visit.request.max_content_length = BATCH_LIMIT
        answers = self.commands.send_many(visit.identity, visit.request.stream)
        visit.request.environ["eventlet.minimum_write_chunk_size"] = "0"
        return Response(lines(answers), mimetype=NDJSON, direct_passthrough=True)

    def session(self, visit: RequestContext) -> Response:
        login = read_login(read_object(visit.request))
        return json({"token": self.sessions.open(visit.request, login)}, 201)

    def ticket(self, visit: RequestContext) -> Response:
        territory = str(read_object(visit.request).get("territory", ""))
        return json({"ticket": self.commands.ticket(visit.known(), territory), "territory": territory}, 201)


def envelope(body: dict[str, Any], name: str, key: str | None) -> dict[str, Any]:
    """The message of one command. What only the programme's own tools may say (an actor, a time of recording) is unknown here.

    Every other fault is left to the service, which lists those of the envelope and of the data together.
    """
    faults = {field: ["Ce champ n’existe pas."] for field in body if field in NOT_OURS}
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


def read_object(request: Request) -> dict[str, Any]:
    request.max_content_length = COMMAND_LIMIT
    try:
        body = msgspec.json.decode(request.get_data())
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise unreadable(f"Ce n’est pas du JSON : {fault}.") from fault
    if not isinstance(body, dict):
        raise unreadable("Un objet JSON est attendu.")
    return body


def json(answer: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(answer), status, headers, content_type="application/json; charset=utf-8")


def lines(answers: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    for answer in answers:
        yield msgspec.json.encode(answer) + b"\n"
