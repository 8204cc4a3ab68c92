"""Sessions over HTTP."""

from collections.abc import Iterable

from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.commands_api import json_response, read_object
from services.gateway.login import read_login
from services.gateway.request_context import RequestContext
from services.gateway.session import Sessions, without_session


class SessionApi:
    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    def rules(self) -> Iterable[Rule]:
        yield Rule("/v1/session", methods=["POST"], endpoint=self.open)
        yield Rule("/v1/session", methods=["DELETE"], endpoint=self.close)

    def open(self, context: RequestContext) -> Response:
        login = read_login(read_object(context.request))
        return json_response({"token": self.sessions.open(context.request, login)}, 201)

    def close(self, context: RequestContext) -> Response:
        context.known()
        self.sessions.close(context.request)
        return without_session(Response(status=204), context.request)
