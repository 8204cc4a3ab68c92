"""Many commands over HTTP: `POST /v1/commands`, a command on each line (NDJSON), a reply for each line, in order.

Consecutive lines of one service and one speaker are handed over in one call, and replies are sent while the request is still read.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

import msgspec
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import MAX_COMMAND_BYTES, CommandSender, Members
from services.gateway.problems import Problem, Problems
from services.gateway.request_context import RequestContext
from shared.errors import Unavailable
from shared.reply import Reply, fault_in, reply_to
from shared.trust.access import Identity
from shared.validation import NotJson, read_json

MAX_LINES_PER_CALL = 64
MAX_REQUEST_BYTES = 256 * 1024 * 1024
NDJSON = "application/x-ndjson"


class Line(msgspec.Struct, frozen=True):
    """One line of a request: who asks, which service decides it, or the reply that it has without any."""

    number: int
    id: Any
    command: str
    service: str
    text: str
    speaker: Identity | None
    reply: Reply | None

    @property
    def route(self) -> tuple[str, Identity | None, bool]:
        """Lines with the same route may share a call."""
        return self.service, self.speaker, self.reply is None


class CommandLinesApi:
    def __init__(self, sender: CommandSender, problems: Problems) -> None:
        self.sender = sender
        self.problems = problems

    def rules(self) -> Iterable[Rule]:
        yield Rule("/v1/commands", methods=["POST"], endpoint=self.post)

    def post(self, context: RequestContext) -> Response:
        if context.request.mimetype not in {NDJSON, "application/ndjson", "application/jsonl"}:
            raise Problem(415, "not_ndjson", "Des lignes de JSON sont attendues", f"Content-Type: {NDJSON}")
        context.request.max_content_length = MAX_REQUEST_BYTES
        replies = self.replies(context.identity, lines_of(context.request.stream))
        context.request.environ["eventlet.minimum_write_chunk_size"] = "0"
        return Response((msgspec.json.encode(reply) + b"\n" for reply in replies), mimetype=NDJSON, direct_passthrough=True)

    def replies(self, identity: Identity | None, lines: Iterable[bytes | Reply]) -> Iterator[Members]:
        """A reply for each line that is not blank, in order."""
        numbered = ((number, line) for number, line in enumerate(lines, 1) if isinstance(line, dict) or line.strip())
        for group in grouped(self.route(identity, number, line) for number, line in numbered):
            for line, reply in zip(group, self.send(group), strict=True):
                self.sender.count(reply)
                yield {"line": line.number, "id": line.id} | self.with_problem(reply)

    def route(self, identity: Identity | None, number: int, line: bytes | Reply) -> Line:
        if isinstance(line, dict):
            return Line(number, None, "?", "", "", identity, line)
        message, reply = parse(line)
        command = str(message.get("type"))
        speaker = self.sender.speaker(identity, message)
        service = self.sender.owner.get(command)
        if reply is None and speaker is None:
            reply = {"forbidden": {"code": "session_needed", "details": {}}}
        if reply is None and service is None:
            reply = {"invalid": {"type": [f"Aucune commande ne s’appelle {command}."]}}
        if reply is None and speaker is not None and (refusal := self.sender.ticket_refusal(speaker, command)):
            reply = reply_to(refusal)
        return Line(number, message.get("id"), command, service or "", line.decode(errors="replace"), speaker, reply)

    def send(self, group: Sequence[Line]) -> Sequence[Reply]:
        first = group[0]
        if first.reply is not None or first.speaker is None:
            return [line.reply or {} for line in group]
        token = self.sender.deps.services_signer.service_token(first.speaker)
        try:
            return self.sender.deps.commands.handle_many(first.service, token, [line.text for line in group])
        except Unavailable as fault:
            return [{"unavailable": str(fault)}] * len(group)

    def with_problem(self, reply: Reply) -> Members:
        """A reply with its problem in French, and whether the same id may be sent again."""
        fault = fault_in(reply)
        return reply if fault is None else {**reply, "problem": self.problems.of(fault).members()}


def lines_of(stream: IO[bytes]) -> Iterator[bytes | Reply]:
    """The lines of a request. Where it cannot be read further, the last one is the reply that says so."""
    try:
        while line := stream.readline(MAX_COMMAND_BYTES + 1):
            if len(line) > MAX_COMMAND_BYTES:
                yield {"invalid": {"_": ["Cette ligne est trop longue : la suite n’est pas lue."]}}
                return
            yield line
    except HTTPException:
        yield {"invalid": {"_": ["La demande s’interrompt ici, ou elle est trop longue : la suite n’est pas lue."]}}


def parse(line: bytes) -> tuple[Members, Reply | None]:
    """The object of a line, or the reply to a line that holds none."""
    try:
        message = read_json(line)
    except NotJson as fault:
        return {}, {"invalid": {"_": [f"Ce n’est pas du JSON : {fault}."]}}
    return (message, None) if isinstance(message, dict) else ({}, {"invalid": {"_": ["Un objet est attendu."]}})


def grouped(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Consecutive lines with the same route, at most MAX_LINES_PER_CALL together."""
    group: list[Line] = []
    for line in lines:
        if group and (line.route != group[0].route or len(group) == MAX_LINES_PER_CALL):
            yield group
            group = []
        group.append(line)
    if group:
        yield group
