"""Sessions and survey tickets over HTTP."""

from collections.abc import Iterable

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import CommandSender, json_response, read_object
from services.gateway.request_context import RequestContext
from services.gateway.session import Sessions, read_login


class SessionApi:
    def __init__(self, sessions: Sessions, sender: CommandSender) -> None:
        self.sessions = sessions
        self.sender = sender

    def rules(self) -> Iterable[Rule]:
        yield Rule("/v1/session", methods=["POST"], endpoint=self.open)
        yield Rule("/v1/survey-tickets", methods=["POST"], endpoint=self.issue_ticket)

    def open(self, context: RequestContext) -> Response:
        login = read_login(read_object(context.request))
        return json_response({"token": self.sessions.open(context.request, login)}, 201)

    def issue_ticket(self, context: RequestContext) -> Response:
        territory = str(read_object(context.request).get("territory", ""))
        ticket = self.sender.issue_ticket(context.known(), territory)
        return json_response({"ticket": ticket, "territory": territory}, 201)
