"""The command endpoint of a service: text and a signed identity come in, a plain reply goes out. No transport is known here.

Data is validated once. When the envelope is sound, the command handler validates the data with everything else it does. When it is not,
the command goes no further, and its data is validated here, so that all faults are listed together.
"""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

import msgspec
from marshmallow import ValidationError
from msgspec import Meta, Struct
from structlog.contextvars import bound_contextvars

from shared.command_batch import handle_many
from shared.command_counts import UNKNOWN, count_each, counted
from shared.command_handler import CommandHandler
from shared.command_schema import flatten
from shared.command_trials import Asked, Trials
from shared.errors import Fault, Forbidden, Invalid
from shared.field_rules import Faults
from shared.message import Actor, CommandMessage
from shared.plain_values import plain_type
from shared.reply import Reply, accepted, reply_to
from shared.trial_values import Values
from shared.trust.access import Identity
from shared.trust.personal.transit import Transit
from shared.trust.tokens import Verifier
from shared.validation import MAX_ELEMENTS, MAX_TEXT_LENGTH, NotJson, ValidationTexts, read_json, schema_of

log = logging.getLogger(__name__)

TRACE_PARENT = "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"
TraceParent = Annotated[str, Meta(pattern=TRACE_PARENT)]
TRACE_LENGTH = 55  # without a line end, which `$` lets pass
PlainName = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_.-]{1,200}\Z")]
PlainMoment = Annotated[
    str, Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{6})?(Z|[+-][0-9]{2}:[0-9]{2})\Z")
]
DIGEST_LENGTH = 32  # hexadecimal digits


class CommandRequest(Struct, frozen=True):
    """A command as its sender writes it.

    Only the programme's own tools may name another actor or a time of recording. `time` is when the fact happened; now, if left out.
    """

    id: UUID
    type: str
    territory: str
    data: dict[str, Any]
    time: datetime | None = None
    actor: Actor | None = None
    traceparent: TraceParent | None = None
    recorded_time: datetime | None = None


def digest_of(request: CommandRequest) -> str:
    """What the sender asked for under this id, in 128 bits. A retry writes the same, in whatever order.

    The actor is no part of it: an anonymous answer keeps a digest too, and it must lead to nobody. Other events name their actor.
    """
    content = (request.type, request.territory, request.time, request.data)
    return sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()[:DIGEST_LENGTH]


class RequestParser:
    """Reads the envelope of a command."""

    def __init__(self, texts: ValidationTexts) -> None:
        self.texts = texts
        self.schema = schema_of(CommandRequest, texts)()
        members = {
            "time": PlainMoment,
            "recorded_time": PlainMoment,
            "actor": plain_type(Actor, (), MAX_TEXT_LENGTH, MAX_ELEMENTS),
            "traceparent": Annotated[str, Meta(pattern=TRACE_PARENT, max_length=TRACE_LENGTH)],
        }
        self.plain_request = msgspec.defstruct(
            "PlainRequest",
            [
                ("id", UUID),
                ("type", PlainName),
                ("territory", PlainName),
                ("data", dict[PlainName, Any]),
                *((name, kind | None, None) for name, kind in members.items()),  # type: ignore[operator]
            ],
            forbid_unknown_fields=True,
        )

    def decode(self, text: str | bytes) -> Any:
        """The JSON of a request.

        Raises:
            Invalid: it is not JSON.
        """
        try:
            return read_json(text)
        except NotJson as fault:
            raise Invalid({"_": [self.texts.not_json.format(fault=fault)]}) from fault

    def validate(self, raw: Any) -> tuple[CommandRequest | None, Faults]:
        """The request, or the faults of its envelope."""
        try:
            if request := self.plain(raw):
                return request, {}
            return msgspec.convert(self.schema.load(raw), CommandRequest), {}
        except ValidationError as failure:
            return None, flatten(failure.messages)

    def plain(self, raw: Any) -> CommandRequest | None:
        """The request, without the schema, if it needs none: its texts are stored as they are. Most requests are such."""
        try:
            plain: Any = msgspec.convert(raw, self.plain_request)
            time, recorded = (moment and datetime.fromisoformat(moment) for moment in (plain.time, plain.recorded_time))
        except ValueError:  # of msgspec, or of an impossible moment
            return None
        actor = plain.actor and Actor(plain.actor.id, plain.actor.role, plain.actor.organisation)
        return CommandRequest(plain.id, plain.type, plain.territory, plain.data, time, actor, plain.traceparent, recorded)

    def parse(self, text: str | bytes) -> CommandRequest:
        """Decode and validate a request.

        Raises:
            Invalid: with every fault of the envelope.
        """
        request, faults = self.validate(self.decode(text))
        if request is None:
            raise Invalid(faults)
        return request


class CommandEndpoint:
    """The commands of one service, for callers that hold a service token.

    `territories` are those that a command may name, `samples` right values for fields that name a rule. `transit` opens what gateways
    encrypt.
    """

    def __init__(
        self,
        handler: CommandHandler,
        verifier: Verifier,
        territories: Collection[str],
        texts: ValidationTexts,
        samples: Values | None = None,
        transit: Transit | None = None,
    ) -> None:
        self.handler = handler
        self.transit = transit
        self.trials = Trials(handler, samples or {})
        self.verifier = verifier
        self.territories = frozenset(territories)
        self.texts = texts
        self.requests = RequestParser(texts)

    def handle(self, token: str, command: str) -> Reply:
        """Handle one command, as JSON text."""
        try:
            identity = self.verifier.read(token)
            message = self.message(command, identity)
        except Fault as fault:
            return counted(self.handler, UNKNOWN, reply_to(fault))
        traced = {"traceparent": message.traceparent} if message.traceparent else {}
        with bound_contextvars(command_id=str(message.id), correlation_id=message.correlation_id or str(message.id), **traced):
            try:
                reply = accepted(self.handler.handle(message, speaker(message, identity)))
            except Fault as fault:
                reply = reply_to(fault)
            return counted(self.handler, message.type, reply)

    def handle_each(self, requests: Sequence[tuple[str, str]]) -> list[Reply]:
        """Handle commands of several callers, each (token, command). No caller learns what another one sent, or how it failed."""
        if len(requests) == 1:
            return [self.handle(*requests[0])]
        return self.handle_together([(token, self.identity(token), command) for token, command in requests])

    def handle_together(self, requests: Sequence[tuple[str, Identity | Fault, str]]) -> list[Reply]:
        try:
            return self.handle_batch([self.read(identity, command) for _, identity, command in requests])
        except Exception:  # one command broke what they share: handled alone, each gets its own reply, or the one it already has
            log.exception("%d commands failed together; each is handled alone", len(requests))
            return [self.handle_alone(token, command) for token, _, command in requests]

    def handle_alone(self, token: str, command: str) -> Reply:
        try:
            return self.handle(token, command)
        except Exception as failure:
            log.exception("a command failed in a way that is not foreseen")
            return counted(self.handler, UNKNOWN, {"unforeseen": type(failure).__name__})

    def handle_many(self, token: str, commands: Sequence[str]) -> list[Reply]:
        """Handle commands of one caller in order, each seeing the ones before it. An invalid one gets its reply; the rest goes on."""
        identity = self.identity(token)
        if isinstance(identity, Fault):
            return [reply_to(identity)] * len(commands)
        return self.handle_together([(token, identity, command) for command in commands])

    def try_commands(self, token: str, asked: dict[str, Any]) -> Reply:
        """Which commands about some subjects would be accepted now (`shared.command_trials`): by name, null or the fault."""
        try:
            tried = self.trials.of(self.verifier.read(token), msgspec.convert(asked, Asked))
        except Fault as fault:
            return reply_to(fault)
        return {name: fault and reply_to(fault) for name, fault in tried.items()}

    def handle_batch(self, commands: Sequence[tuple[CommandMessage, Identity] | Fault]) -> list[Reply]:
        results = iter(handle_many(self.handler, [each for each in commands if not isinstance(each, Fault)]))
        answered = [
            ("", UNKNOWN, reply_to(each)) if isinstance(each, Fault) else (str(each[0].id), each[0].type, reply_to(next(results)))
            for each in commands
        ]
        count_each(self.handler, answered)
        return [reply for _, _, reply in answered]

    def identity(self, token: str) -> Identity | Fault:
        try:
            return self.verifier.read(token)
        except Fault as fault:
            return fault

    def read(self, identity: Identity | Fault, command: str) -> tuple[CommandMessage, Identity] | Fault:
        if isinstance(identity, Fault):
            return identity
        try:
            message = self.message(command, identity)
        except Fault as fault:
            return fault
        return message, speaker(message, identity)

    def message(self, command: str, identity: Identity) -> CommandMessage:
        """The message in a request.

        Raises:
            Invalid: with every fault of the envelope, and of the data if the envelope has any.
            Forbidden: the sender speaks for another actor and is no tool of the programme.
        """
        request = self.request(command)
        if (request.actor or request.recorded_time) and identity.actor.role != "system":
            raise Forbidden("speaks_for_another")
        return CommandMessage(
            id=request.id,
            type=request.type,
            actor=request.actor or identity.actor,
            territory=request.territory,
            time=request.time or self.handler.admission.clock(),
            data=request.data,
            recorded_time=request.recorded_time,
            digest=digest_of(request),
            traceparent=request.traceparent,
        )

    def request(self, command: str) -> CommandRequest:
        raw = self.requests.decode(command)
        if self.transit:
            self.transit.open(raw)
        request, faults = self.requests.validate(raw)
        territory = raw.get("territory") if isinstance(raw, dict) else None
        if isinstance(territory, str) and territory not in self.territories:
            faults["territory"] = [self.texts.unknown_territory]
        if request is None or faults:
            raise Invalid(faults | self.data_faults(raw))
        return request

    def data_faults(self, raw: Any) -> Faults:
        """What is wrong in the data of a request that goes no further."""
        command_type = self.handler.command_types.get(str(raw.get("type"))) if isinstance(raw, dict) else None
        if command_type is None or not isinstance(raw.get("data"), dict):
            return {}
        try:
            command_type.parser.validate(raw["data"])
        except Invalid as invalid:
            return invalid.faults
        return {}


def speaker(message: CommandMessage, identity: Identity) -> Identity:
    """The actor of the message, in the territories of the bearer: a tool that imports history lends its territories, not its rights."""
    return Identity(message.actor, identity.territories)
