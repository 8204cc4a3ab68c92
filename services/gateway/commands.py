"""Commands on their way to the service that decides them, each with the signed identity of whoever asks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from services.gateway.dependencies import GatewayDeps
from services.gateway.metrics import Metrics
from services.gateway.problems import Problem, not_found, problem_in
from services.gateway.tickets import Tickets
from shared.decider import ANYONE
from shared.errors import Forbidden, Unavailable
from shared.trust.identity import Identity

GROUP = 64  # lines handed to a service at once
Members = dict[str, Any]


class Commands:
    def __init__(self, outside: GatewayDeps, metrics: Metrics) -> None:
        self.outside = outside
        self.metrics = metrics
        self.tickets = Tickets(outside.sessions.key)
        self.owner: Mapping[str, str] = {name: service for service, schemas in outside.schemas.items() for name in schemas}

    def send(self, identity: Identity, message: Members) -> Members:
        """The answer to one command; raises the problem that its service answered with, or Unavailable."""
        name = message["type"]
        if name not in self.owner:
            raise not_found(f"Aucune commande ne s’appelle {name}.")
        try:
            reply = self.outside.call(
                self.owner[name], "handle", self.outside.services.hand_over(identity), msgspec.json.encode(message).decode()
            )
        except Unavailable as fault:
            reply = {"unavailable": str(fault)}
        self.counted(name, reply)
        if problem := problem_in(reply):
            raise problem
        answer: Members = reply["accepted"]
        return answer

    def speaker(self, identity: Identity | None, message: Members) -> Identity | None:
        """Who asks: the visitor or, for an answer to the survey, whoever holds a ticket and nobody in particular."""
        if identity is not None or message.get("type") != "AnswerSurvey":
            return identity
        territory, data = message.get("territory"), message.get("data")
        token = data.get("token") if isinstance(data, dict) else None
        if isinstance(territory, str) and isinstance(token, str) and self.tickets.valid(token, territory):
            return Identity(ANYONE, (territory,))
        return None

    def send_many(self, identity: Identity | None, lines: Iterable[bytes]) -> Iterator[Members]:
        """An answer for each line that is not blank, in order: consecutive commands of one service go together."""
        numbered = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
        for group in grouped(self.routed(identity, number, line) for number, line in numbered):
            yield from self.answered(group)

    def routed(self, identity: Identity | None, number: int, line: bytes) -> "Line":
        message, faults = parsed(line)
        name = str(message.get("type"))
        speaker = self.speaker(identity, message)
        service = self.owner.get(name)
        if faults is None and speaker is None:
            faults = {"forbidden": "Ouvrez une session, ou joignez un jeton à la demande."}
        if faults is None and service is None:
            faults = {"invalid": {"type": [f"Aucune commande ne s’appelle {name}."]}}
        return Line(number, message.get("id"), name, service or "", line.decode(errors="replace"), speaker, faults)

    def answered(self, group: Sequence["Line"]) -> Iterator[Members]:
        replies = self.replies(group)
        for line, reply in zip(group, replies, strict=True):
            self.counted(line.name if line.service else "?", reply)
            yield {"line": line.number, "id": line.id} | shown(reply)

    def replies(self, group: Sequence["Line"]) -> Sequence[Members]:
        first = group[0]
        if first.faults is not None or first.speaker is None:
            return [line.faults or {} for line in group]
        token = self.outside.services.hand_over(first.speaker)
        try:
            replies: list[Members] = self.outside.call(first.service, "handle_many", token, [line.text for line in group])
        except Unavailable as fault:
            return [{"unavailable": str(fault)}] * len(group)
        return replies

    def counted(self, name: str, reply: Members) -> None:
        self.metrics.count("commands_total", type=name, outcome=next(iter(reply), "?"))

    def ticket(self, identity: Identity, territory: str) -> str:
        """A survey ticket, from those who may hand one to a participant."""
        self.outside.permissions.check(identity, "HoldInterview", territory)
        if territory not in self.outside.territories:
            raise Forbidden(f"{territory} is not a territory of this programme.")
        return self.tickets.issue(territory)


class Line(msgspec.Struct, frozen=True):
    """One line of an NDJSON request: who says it, which service decides it, or why nobody does."""

    number: int
    id: Any
    name: str
    service: str
    text: str
    speaker: Identity | None
    faults: Members | None

    @property
    def way(self) -> tuple[str, Identity | None, bool]:
        return self.service, self.speaker, self.faults is None


def parsed(line: bytes) -> tuple[Members, Members | None]:
    try:
        message = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        return {}, {"invalid": {"_": [f"Ce n’est pas du JSON : {fault}."]}}
    return (message, None) if isinstance(message, dict) else ({}, {"invalid": {"_": ["Un objet est attendu."]}})


def grouped(lines: Iterable[Line]) -> Iterator[list[Line]]:
    group: list[Line] = []
    for line in lines:
        if group and (line.way != group[0].way or len(group) == GROUP):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def shown(reply: Members) -> Members:
    """A reply as a line: with the French of its problem, and whether the same id may be sent again."""
    problem: Problem | None = problem_in(reply)
    return reply if problem is None else {**reply, "problem": problem.members()}
