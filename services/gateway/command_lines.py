"""Many commands over HTTP: `POST /v1/commands`, a command on each line (NDJSON), a reply for each line, in order.

A line that is refused or cannot be read gets its reply, and the rest goes on. Lines that came together are handed over in few calls
(`line_order`), and replies are sent while the request is still read (`line_exchange`).
"""

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any
from uuid import UUID

import msgspec
from marshmallow import Schema, fields
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import CommandSender, Members, fingerprint
from services.gateway.line_call import Line
from services.gateway.line_exchange import at_once, kept, read_ahead
from services.gateway.line_order import rounds
from services.gateway.line_reader import request_lines
from services.gateway.problems import Problem, Problems
from services.gateway.request_context import RequestContext
from shared.errors import Refused, Unavailable
from shared.reply import Reply, fault_in, reply_to
from shared.trust.access import Identity
from shared.validation import NotJson, read_json

log = logging.getLogger(__name__)

LINES = "/v1/commands"
NDJSON = "application/x-ndjson"
PERSON = "person"
SPELLED = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # an id in its one spelling
NO_SUBJECT = frozenset({"referent"})  # an actor: what is decided of two persons does not depend on their having the same one

Numbered = tuple[int, bytes | Reply]
encode_lines = msgspec.json.Encoder().encode_lines


class CommandLinesApi:
    def __init__(self, sender: CommandSender, problems: Problems) -> None:
        self.sender = sender
        self.problems = problems
        self.subjects = {name: subjects(schema) for schemas in sender.deps.schemas.values() for name, schema in schemas.items()}

    def rules(self) -> Iterable[Rule]:
        yield Rule(LINES, methods=["POST"], endpoint=self.post)

    def post(self, context: RequestContext) -> Response:
        if context.request.mimetype not in {NDJSON, "application/ndjson", "application/jsonl"}:
            raise Problem(415, "not_ndjson", "Des lignes de JSON sont attendues", f"Content-Type: {NDJSON}")
        lines = request_lines(context.request)
        first = next(lines, None)  # read before the answer begins: a client may wait to be told to go on
        numbered = enumerate(chain([] if first is None else [first], lines), 1)
        context.request.environ["eventlet.minimum_write_chunk_size"] = "0"
        replies = kept(encode_lines(replies) for replies in self.replies(context.identity, numbered))
        return Response(replies, mimetype=NDJSON, direct_passthrough=True)

    def replies(self, identity: Identity | None, numbered: Iterable[Numbered]) -> Iterator[list[Members]]:
        """A reply for each line that is not blank, in order; those together that are there together."""
        for together in read_ahead(numbered, size):
            lines = [self.routed(identity, number, line) for number, line in together if isinstance(line, dict) or line.strip()]
            replies = {line.number: line.reply for line in lines if line.reply is not None}
            for calls in rounds(lines):
                for call, answers in zip(calls, at_once(self.send, calls), strict=True):
                    replies |= {line.number: reply for line, reply in zip(call, answers, strict=True)}
            self.sender.count(*replies.values())
            yield [{"line": line.number, "id": line.id, **self.with_problem(replies[line.number])} for line in lines]

    def routed(self, identity: Identity | None, number: int, line: bytes | Reply) -> Line:
        if isinstance(line, dict):
            return Line(number=number, id=None, reply=line)
        message, reply = parse(line)
        command = str(message.get("type"))
        speaker = self.sender.speaker(identity, message)
        reply = reply or self.refusal(speaker, command)
        if reply is not None or speaker is None:
            return Line(number=number, id=message.get("id"), reply=reply)
        names, apart = self.about(command, message.get("data"))
        return Line(
            number=number,
            id=message.get("id"),
            text=line.decode(),
            service=self.sender.owner[command],
            speaker=speaker,
            key=key_of(message),
            asked=fingerprint(speaker, message),
            names=names,
            apart=apart,
        )

    def refusal(self, speaker: Identity | None, command: str) -> Reply | None:
        """Why no service is asked."""
        if speaker is None:
            return {"forbidden": {"code": "session_needed", "details": {}}}
        if command not in self.sender.owner:
            return {"invalid": {"type": [f"Aucune commande ne s’appelle {command}."]}}
        refusal = self.sender.line_refusal(speaker, command)
        return reply_to(refusal) if refusal else None

    def about(self, command: str, data: Any) -> tuple[tuple[str, ...], bool]:
        """The persons and things that a command names, and whether no person is among them."""
        named = (
            {field: data[field] for field in self.subjects[command] if isinstance(data.get(field), str)} if isinstance(data, dict) else {}
        )
        return tuple(named.values()), PERSON not in named

    def send(self, lines: Sequence[Line]) -> Sequence[Reply]:
        """The replies to one call. A line whose key is used for something else, or under way, is refused; the others are sent."""
        refusals = {line.number: refusal for line in lines if (refusal := self.begin(line, lines))}
        begun = [line for line in lines if line.number not in refusals]
        replies: dict[int, Reply] = {}
        try:
            claimed = self.claimed(begun)
            replies = dict(zip([line.number for line in claimed], self.handled(claimed), strict=True))
            for line in begun:
                if line.number not in replies:
                    refusals[line.number] = reply_to(Refused("idempotency_key_reused"))
        except Unavailable as fault:  # of the records of the keys: no line was handed over
            refusals |= {line.number: {"unavailable": str(fault)} for line in begun}
        finally:
            self.sender.keys.end({line.key: replies.get(line.number, {}) for line in begun if line.key}, lines)
        return [refusals.get(line.number) or replies[line.number] for line in lines]

    def claimed(self, lines: Sequence[Line]) -> list[Line]:
        """The lines whose keys belong to them. One that has no key, which its service refuses, is among them."""
        claims = {line.key: line.asked for line in lines if line.key}
        claimed = self.sender.keys.claim(claims) if claims else set()
        return [line for line in lines if not line.key or line.key in claimed]

    def begin(self, line: Line, request: object) -> Reply | None:
        try:
            if line.key:
                self.sender.keys.begin(line.key, line.asked, request)
        except Refused as refusal:
            return reply_to(refusal)
        return None

    def handled(self, lines: Sequence[Line]) -> Sequence[Reply]:
        if not lines or lines[0].speaker is None:
            return []
        token = self.sender.deps.identity_signer.token(lines[0].speaker, lines[0].service)
        try:
            return self.sender.deps.commands.handle_many(lines[0].service, token, [line.text for line in lines])
        except Unavailable as fault:
            return [{"unavailable": str(fault)}] * len(lines)
        except Exception as failure:  # a defect of the service: each line is told, and the other lines go on
            log.exception("%d lines failed in %s", len(lines), lines[0].service)
            return [{"unforeseen": type(failure).__name__}] * len(lines)

    def with_problem(self, reply: Reply) -> Members:
        """A reply with its problem in French, and whether the same id may be sent again."""
        if "accepted" in reply:
            return reply
        fault = fault_in(reply)
        return reply if fault is None else {**reply, "problem": self.problems.of(fault).members()}


def subjects(schema: type[Schema]) -> tuple[str, ...]:
    """The fields that hold identifiers of persons and things: texts with a pattern, which are no names or labels."""
    declared = schema._declared_fields.items()
    return tuple(name for name, field in declared if type(field) in {fields.String, fields.UUID} and name not in NO_SUBJECT)


def size(numbered: Numbered) -> int:
    return len(numbered[1])


def parse(line: bytes) -> tuple[Members, Reply | None]:
    """The object of a line, or the reply to a line that holds none."""
    try:
        message = read_json(line)
    except NotJson as fault:
        return {}, {"invalid": {"_": [f"Ce n’est pas du JSON : {fault}."]}}
    return (message, None) if isinstance(message, dict) else ({}, {"invalid": {"_": ["Un objet est attendu."]}})


def key_of(message: Members) -> str:
    """The id of a line, in its one spelling; empty if it has none."""
    id = str(message.get("id"))
    if SPELLED.fullmatch(id):
        return id
    try:
        return str(UUID(id))
    except ValueError:
        return ""
