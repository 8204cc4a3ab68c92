"""The desk of a service: text comes in, with a signed identity; a plain answer goes out. No transport is known here.

Every answer is one of these, so that nothing is guessed from the name of a remote exception:

    {"accepted": {"command", "stream", "version", "position", "events"}}
    {"invalid": {field: [faults]}} | {"forbidden": why} | {"refused": {"code", "why"}} | {"unavailable": why}

What nobody foresaw is an exception, but among the commands of several callers: there it is {"unforeseen": its name} for its own.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from marshmallow import ValidationError
from msgspec import Struct

from shared.decider import Answer, CommandHandler
from shared.errors import Conflict, Fault, Forbidden, Invalid, Refused, TooLarge, Unavailable, flattened
from shared.message import Actor, CommandMessage
from shared.trust.identity import Identity, Signer
from shared.validation import schema_of

log = logging.getLogger(__name__)

Reply = dict[str, Any]
Faults = dict[str, list[str]]


class CommandRequest(Struct, frozen=True):
    """A command as a caller writes it. Only the programme's own tools may say who else spoke, and when it was recorded."""

    id: UUID
    type: str
    territory: str
    data: dict[str, Any]
    time: datetime | None = None
    actor: Actor | None = None
    recorded_time: datetime | None = None


SCHEMA = schema_of(CommandRequest, without=frozenset())()


class CommandEndpoint:
    def __init__(self, shell: CommandHandler, signer: Signer, territories: Collection[str]) -> None:
        self.shell = shell
        self.signer = signer
        self.territories = frozenset(territories)

    def handle(self, token: str, command: str) -> Reply:
        """One command, as JSON text."""
        try:
            identity = self.signer.read(token)
            message = self.message(command, identity)
            return accepted(self.shell.handle(message, speaker(message, identity)))
        except Fault as fault:
            return answer_to(fault)

    def handle_each(self, asked: Sequence[tuple[str, str]]) -> list[Reply]:
        """Commands of several callers, each with its token: nobody hears of what another asked, or of how it failed."""
        if len(asked) == 1:
            return [self.handle(*asked[0])]
        try:
            return self.handled([self.attempted(self.bearer(token), command) for token, command in asked])
        except Exception:  # one of them spoils what they share: alone, each gets its own answer, or gets again the one it has
            log.exception("%d commands failed together and are handled alone", len(asked))
            return [self.alone(token, command) for token, command in asked]

    def alone(self, token: str, command: str) -> Reply:
        try:
            return self.handle(token, command)
        except Exception as failure:
            log.exception("a command met what nobody foresaw")
            return {"unforeseen": type(failure).__name__}

    def handle_many(self, token: str, commands: Sequence[str]) -> list[Reply]:
        """Commands in order, each seeing the ones before it. An unreadable one is answered in its place; the rest goes on."""
        try:
            identity = self.signer.read(token)
            return self.handled([self.attempted(identity, command) for command in commands])
        except Fault as fault:
            return [answer_to(fault)] * len(commands)

    def handled(self, read: Sequence[tuple[CommandMessage, Identity] | Fault]) -> list[Reply]:
        results = iter(self.shell.handle_many([each for each in read if not isinstance(each, Fault)]))
        return [answer_to(each) if isinstance(each, Fault) else answer_to(next(results)) for each in read]

    def bearer(self, token: str) -> Identity | Fault:
        try:
            return self.signer.read(token)
        except Fault as fault:
            return fault

    def attempted(self, identity: Identity | Fault, command: str) -> tuple[CommandMessage, Identity] | Fault:
        if isinstance(identity, Fault):
            return identity
        try:
            message = self.message(command, identity)
        except Fault as fault:
            return fault
        return message, speaker(message, identity)

    def message(self, command: str, identity: Identity) -> CommandMessage:
        asked = read(command, self.also)
        if (asked.actor or asked.recorded_time) and identity.actor.role != "system":
            raise Forbidden("Only the programme's own tools may speak for another actor or load past history.")
        return CommandMessage(
            id=asked.id,
            type=asked.type,
            actor=asked.actor or identity.actor,
            territory=asked.territory,
            time=asked.time or self.shell.clock(),
            data=asked.data,
            recorded_time=asked.recorded_time,
        )

    def also(self, raw: dict[str, Any]) -> Faults:
        """The faults that the envelope's own schema cannot see: an unknown territory, and all that is wrong in the data."""
        territory, data, door = raw.get("territory"), raw.get("data"), self.shell.deciders.get(str(raw.get("type")))
        faults: Faults = {}
        if isinstance(territory, str) and territory not in self.territories:
            faults["territory"] = ["Ce territoire n’est pas connu."]
        return faults | (door[1].faults(data) if door and isinstance(data, dict) else {})


def speaker(message: CommandMessage, identity: Identity) -> Identity:
    """Whoever the message says spoke, where the bearer may act: a tool that loads history lends its territories, not its rights."""
    return Identity(message.actor, identity.territories)


def nothing_more(raw: dict[str, Any]) -> Faults:
    return {}


def read(command: str | bytes, also: Callable[[dict[str, Any]], Faults] = nothing_more) -> CommandRequest:
    """The envelope of a command; raises Invalid with every fault of it, and those that `also` finds, at once."""
    try:
        raw = msgspec.json.decode(command)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise Invalid({"_": [f"Ce n’est pas du JSON : {fault}."]}) from fault
    try:
        loaded, faults = SCHEMA.load(raw), {}
    except ValidationError as refusal:
        loaded, faults = None, flattened(refusal.messages)
    if isinstance(raw, dict):
        faults |= also(raw)
    if faults:
        raise Invalid(faults)
    return msgspec.convert(loaded, CommandRequest)


def accepted(answer: Answer) -> Reply:
    return {"accepted": msgspec.to_builtins(answer)}


def answer_to(result: Answer | Fault) -> Reply:
    match result:
        case Answer():
            return accepted(result)
        case Invalid(faults=faults):
            return {"invalid": faults}
        case Forbidden():
            return {"forbidden": str(result)}
        case Refused(code=code, why=why):
            return {"refused": {"code": code, "why": why}}
        case TooLarge():
            return {"refused": {"code": "too_large", "why": str(result)}}
        case Unavailable() | Conflict():
            return {"unavailable": str(result)}
        case _:
            raise result
