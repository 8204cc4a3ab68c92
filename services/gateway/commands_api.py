"""One command over HTTP: `POST /v1/commands/<Command>`, with its id in the header Idempotency-Key.

A key belongs to one command, with its body, of one actor. The log knows what a key recorded in a stream, for ever; `IdempotencyKeys` knows
what the keys of the last days were used for in any stream, through any gateway, and which commands are under way (ADR 42, ADR 52).
"""

import hmac
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
from structlog.contextvars import bound_contextvars, get_contextvars
from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from services.gateway.dependencies import GatewayDeps, NativeCall
from services.gateway.problems import Problem, not_found, unauthenticated, unreadable
from services.gateway.request_context import RequestContext
from shared.errors import Invalid, Refused, Unavailable
from shared.message import ANONYMOUS
from shared.metrics import GATEWAY_COMMANDS
from shared.reply import Reply, fault_in
from shared.store.gateway_records import GatewayRecords
from shared.time import Clock
from shared.trust.access import Identity
from shared.validation import NotJson, read_json

log = logging.getLogger(__name__)

MAX_COMMAND_BYTES = 300 * 1024  # the largest event, and the envelope of its command
SET_BY_GATEWAY = frozenset(
    {"id", "type", "actor", "recorded_time", "traceparent"}
)  # they come from the address, the header and the session
WEBHOOKS = "webhooks"  # the service whose answers are for one reader
ANSWER, TICKET = "AnswerSurvey", "IssueSurveyTicket"
KEPT = timedelta(days=30)  # of a key, whatever it was used for; in one stream the log knows it for ever
KEYS_PURPOSE = b"idempotency keys"
QUOTED = re.compile(r'"([^"]*)"')  # a string of RFC 8941, as the draft of the header asks for
BINDING = frozenset({"accepted", "unavailable", "unforeseen"})  # outcomes after which something may be recorded under the key
Members = dict[str, Any]


class IdempotencyKeys:
    """What keys were used for in the last KEPT, in every gateway, and the requests that are under way in this one.

    The records hold a digest of what is asked, under a key of the installation: nothing leads from it to a person. A command that was
    refused has recorded nothing: its claim is taken back, and its key is free again.
    """

    def __init__(self, records: GatewayRecords, native: NativeCall, clock: Clock, secret: bytes) -> None:
        self.records = records
        self.native = native
        self.clock = clock
        self.secret = hmac.digest(secret, KEYS_PURPOSE, sha256)
        self.under_way: dict[str, tuple[bytes, object]] = {}

    def begin(self, key: str, asked: bytes, request: object = None) -> None:
        """Note that a request uses a key. Without a request the caller does not mind another one that is under way, and is not noted.

        Raises:
            Refused: the key belongs to another command (`idempotency_key_reused`), or a request with it is under way
                (`idempotency_key_in_flight`).
        """
        known, holder = self.under_way.get(key, (asked, request))
        if known != asked:
            raise Refused("idempotency_key_reused")
        if request is not None:
            if holder is not request:
                raise Refused("idempotency_key_in_flight")
            self.under_way[key] = asked, request

    def claim(self, claims: Mapping[str, bytes]) -> set[str]:
        """Those of these keys that belong to what is asked under them; each of the others belongs to something else.

        Raises:
            Unavailable: the records are away. Nothing was handed over.
        """
        now = self.clock()
        digests = [(key, hmac.digest(self.secret, asked, sha256).hex()) for key, asked in claims.items()]
        claimed: set[str] = self.native(self.records.claim_keys, digests, int((now + KEPT).timestamp()), int(now.timestamp()))
        return claimed

    def end(self, replies: Mapping[str, Reply], request: object) -> None:
        """Note what a request did under its keys. An empty reply is that of a call which failed: something may be recorded."""
        if request is not None:
            for key in replies:
                self.under_way.pop(key, None)
        refused = [key for key, reply in replies.items() if reply and BINDING.isdisjoint(reply)]
        try:
            if refused:
                self.native(self.records.release_keys, refused)
        except Unavailable as fault:
            log.warning("%d keys of refused commands stay with them: %s", len(refused), fault)


def fingerprint(identity: Identity, message: Members) -> bytes:
    """Who asks for what: actor, command, territory, time and data."""
    asked = [message.get(member) for member in ("type", "territory", "time", "data")]
    return sha256(msgspec.json.encode((identity.actor, asked), order="deterministic")).digest()


class CommandSender:
    """Sends commands to the service that decides them, with the signed identity of the caller."""

    def __init__(self, deps: GatewayDeps) -> None:
        self.deps = deps
        self.keys = IdempotencyKeys(deps.records, deps.native, deps.clock, deps.sessions_signer.key)
        self.owner: Mapping[str, str] = {name: service for service, schemas in deps.schemas.items() for name in schemas}

    def send(self, identity: Identity, message: Members, *, alone: bool = True) -> Members:
        """The answer to one command. `alone`: it is refused while another request with its key is under way.

        Raises:
            Fault: what the service answered, Refused for the sake of its key, or Unavailable.
        """
        if message["type"] not in self.owner:
            raise not_found(f"Aucune commande ne s’appelle {message['type']}.")
        with bound_contextvars(command_id=message["id"]):
            reply = self.reply_under_key(identity, message, object() if alone else None)
        self.count(reply)
        if fault := fault_in(reply):
            raise fault
        answer: Members = reply["accepted"]
        return answer

    def reply_under_key(self, identity: Identity, message: Members, request: object) -> Reply:
        key, asked = message["id"], fingerprint(identity, message)
        self.keys.begin(key, asked, request)
        reply: Reply = {}
        try:
            if not self.keys.claim({key: asked}):
                raise Refused("idempotency_key_reused")
            reply = self.reply(identity, message)
        finally:
            self.keys.end({key: reply}, request)
        return reply

    def reply(self, identity: Identity, message: Members) -> Reply:
        service = self.owner[message["type"]]
        token = self.deps.identity_signer.token(identity, service)
        try:
            traced = {**message, "traceparent": traceparent} if (traceparent := get_contextvars().get("traceparent")) else message
            return self.deps.commands.handle(service, token, msgspec.json.encode(traced).decode())
        except Unavailable as unavailable:
            return {"unavailable": str(unavailable)}

    def speaker(self, identity: Identity | None, message: Members) -> Identity | None:
        """Who asks: the visitor. An answer to the survey is anonymous whoever sends it: the service asks for its ticket alone."""
        return Identity(ANONYMOUS, (str(message.get("territory")),)) if message.get("type") == ANSWER else identity

    def ticket_refusal(self, identity: Identity, name: str) -> Refused | None:
        """A ticket that is issued and handed to nobody can never be redeemed: only the tools that bring past history may do so."""
        return Refused("ticket_is_handed_out") if name == TICKET and identity.actor.role != "system" else None

    def line_refusal(self, identity: Identity, name: str) -> Refused | None:
        """Why a command may not be one of many lines. Of a webhook, the answer depends on who asks, and may hold a secret."""
        if self.owner[name] == WEBHOOKS and identity.actor.role != "system":
            return Refused("webhook_command_alone")
        return self.ticket_refusal(identity, name)

    def count(self, *replies: Reply) -> None:
        for outcome, number in Counter(next(iter(reply), "?") for reply in replies).items():
            GATEWAY_COMMANDS.labels(outcome).inc(number)


Told = Callable[[Identity, Members], Members]
"""The answer to a command as its sender is told it."""


class CommandsApi:
    """`told` says what is told of answers to commands of a service, where that is not all there is."""

    def __init__(self, sender: CommandSender, told: Mapping[str, Told]) -> None:
        self.sender = sender
        self.told = told

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
        if told := self.told.get(self.sender.owner[name]):
            answer = told(speaker, answer)
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
    """The id of a command, from its header: a UUID, in quotation marks or bare.

    Raises:
        Problem: there is none, or it is none.
    """
    if key is None or not key.strip():
        detail = "L’en-tête Idempotency-Key attend un UUID : l’identifiant de la commande, que vous choisissez."
        raise Problem(400, "idempotency_key_needed", "Une commande a un identifiant", detail)
    quoted = QUOTED.fullmatch(key.strip())
    try:
        return str(UUID(quoted[1] if quoted else key.strip()))
    except ValueError as fault:
        detail = "L’en-tête Idempotency-Key attend un seul UUID, avec ou sans guillemets droits."
        raise Problem(400, "idempotency_key_malformed", "L’identifiant de la commande n’est pas lisible", detail) from fault


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
