"""Tickets for the live feed. EventSource in a browser sends no header, so what it follows, and for whom, is in its address.

A ticket opens one stream, soon after it was issued. EventSource then reconnects with the same address and with the last id that it has
heard. The ids of such a stream end in a proof that only the stream tells, never the address: whoever finds the address in a log or a
history can neither open nor resume anything with it (ADR 40).

What was opened is known to one process. A process opens no ticket that is older than itself, so a restart makes none valid again.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Literal
from uuid import uuid4

import msgspec
from msgspec import Struct

from services.gateway.audience import EventFilter
from services.gateway.problems import Problem
from services.gateway.query_parameters import position_of_header
from shared.message import Position
from shared.time import Clock
from shared.trust.seals import Seals, key_for
from shared.trust.tokens import Token

PURPOSE = "stream tickets"
OPEN_WITHIN_S = 45.0  # from the issue of a ticket to the opening of its stream
PROOF = "proof:"  # before the id of a ticket; it is no letter of a ticket's text, so that no proof is a seal


class StreamTicket(Struct, frozen=True):
    """`session` asked for the ticket: nothing is resumed after its end. Times are seconds since 1970."""

    id: str
    session: Token
    filter: EventFilter
    after: Position | None
    issued: float
    kind: Literal["events", "figures"] = "events"


class StreamTickets:
    """`is_over` tells whether a session has ended before it expired."""

    def __init__(self, key: bytes, clock: Clock, is_over: Callable[[Token], bool]) -> None:
        self.seals = Seals(key_for(PURPOSE, key))
        self.clock = clock
        self.is_over = is_over
        self.started = self.now()
        self.opened: dict[str, float] = {}  # the tickets that were opened here, and until when they could have been

    def now(self) -> float:
        return self.clock().timestamp()

    def issue(
        self, session: Token, event_filter: EventFilter, after: Position | None, kind: Literal["events", "figures"] = "events"
    ) -> tuple[StreamTicket, str]:
        ticket = StreamTicket(str(uuid4()), session, event_filter, after, self.now(), kind)
        return ticket, self.seals.sealed(urlsafe_b64encode(msgspec.json.encode(ticket)).decode().rstrip("="))

    def proof(self, ticket: StreamTicket) -> str:
        """What the ids of its stream end with."""
        return self.seals.digest(PROOF + ticket.id)

    def redeem(self, text: str, last: str | None) -> tuple[StreamTicket, Position | None]:
        """The ticket of a request, and where its stream goes on: after the last id that was heard, or where the ticket begins.

        Raises:
            Problem: 401, it opens nothing (any more), or the last id is not one of its stream.
        """
        ticket = self.read(text)
        if self.now() >= ticket.session.expires or self.is_over(ticket.session):
            raise not_valid("La session qui a demandé ce ticket a pris fin.")
        if last:
            return ticket, self.resumed(ticket, last)
        self.open(ticket)
        return ticket, ticket.after

    def read(self, text: str) -> StreamTicket:
        if not self.seals.genuine(text):
            raise not_valid("Ce ticket n’est pas d’ici.")
        try:
            return msgspec.json.decode(urlsafe_b64decode(text.rpartition(".")[0] + "=="), type=StreamTicket)
        except msgspec.ValidationError as fault:  # an earlier release sealed it, with other members
            raise not_valid("Ce ticket est d’une version précédente.") from fault

    def resumed(self, ticket: StreamTicket, last: str) -> Position | None:
        """Nothing before the proof is the end of the log: such a stream has told no position yet."""
        position, _, proof = last.rpartition("-")
        if not hmac.compare_digest(proof.encode(), self.proof(ticket).encode()):
            raise not_valid("Ce dernier identifiant n’est pas celui du fil que ce ticket a ouvert.")
        return position_of_header("Last-Event-ID", position) if position else None

    def open(self, ticket: StreamTicket) -> None:
        now = self.now()
        if not (self.started <= ticket.issued and now <= ticket.issued + OPEN_WITHIN_S):
            raise not_valid(f"Un ticket s’ouvre dans les {OPEN_WITHIN_S:.0f} secondes.")
        if ticket.id in self.opened:
            raise not_valid("Ce ticket a déjà ouvert un fil : il n’en ouvre qu’un.")
        self.opened = {id: until for id, until in self.opened.items() if until >= now}
        self.opened[ticket.id] = ticket.issued + OPEN_WITHIN_S


def not_valid(why: str) -> Problem:
    detail = f"{why} Demandez un autre ticket."
    return Problem(401, "ticket_not_valid", "Ce ticket n’ouvre rien", detail, headers={"WWW-Authenticate": "Bearer"})
