"""`POST /v1/stream-tickets`: a ticket with which EventSource follows the feed, for whoever asks and with the filters of the query."""

from collections.abc import Iterable
from datetime import UTC, datetime

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import json_response
from services.gateway.read_access import ReadAccess
from services.gateway.request_context import RequestContext
from services.gateway.session import Sessions
from services.gateway.stream import STREAM, filter_of, kind_of
from services.gateway.stream_tickets import OPEN_WITHIN_S, StreamTickets


class StreamTicketsApi:
    def __init__(self, tickets: StreamTickets, access: ReadAccess, sessions: Sessions) -> None:
        self.tickets = tickets
        self.access = access
        self.sessions = sessions

    def rules(self) -> Iterable[Rule]:
        yield Rule("/v1/stream-tickets", methods=["POST"], endpoint=self.issue)

    def issue(self, context: RequestContext) -> Response:
        self.access.check_somewhere(context.known(), "follow_feed")
        session = self.sessions.of(context.request)
        ticket, text = self.tickets.issue(session, filter_of(context), context.query.get("after"), kind_of(context))
        open_until = min(ticket.issued + OPEN_WITHIN_S, session.expires)
        times = {"open_until": moment(open_until), "resume_until": moment(session.expires)}
        return json_response({"ticket": text, "stream": f"{STREAM}?ticket={text}", **times}, 201)


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=0)
