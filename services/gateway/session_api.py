"""Sessions over HTTP."""

from collections.abc import Iterable

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import json_response, read_object
from services.gateway.request_context import RequestContext
from services.gateway.session import Sessions, read_login


class SessionApi:
    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    def rules(self) -> Iterable[Rule]:
        yield Rule("/v1/session", methods=["POST"], endpoint=self.open)

    def open(self, context: RequestContext) -> Response:
        login = read_login(read_object(context.request))
        return json_response({"token": self.sessions.open(context.request, login)}, 201)
