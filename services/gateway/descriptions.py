"""The machine-readable descriptions of this gateway: OpenAPI of its requests, AsyncAPI of the feed of events."""

from collections.abc import Iterable
from functools import cached_property

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway import response_schemas
from services.gateway.accounts_api import LOGIN_TO_DIGEST
from services.gateway.asyncapi import asyncapi_document
from services.gateway.commands_api import TICKET, json_response
from services.gateway.dependencies import GatewayDeps
from services.gateway.described_queries import QUERIES
from services.gateway.examples import with_examples
from services.gateway.generated_types import with_types
from services.gateway.login import LOGIN_SCHEMA
from services.gateway.operations import (
    ANSWER,
    CREATED,
    PROBLEM,
    Members,
    backchannel_logout_operation,
    batch_operation,
    command_operation,
    end_session_operation,
    login_digest_operation,
    path_of,
    query_operation,
    search_operation,
    session_operation,
    stream_ticket_operation,
    ticket_operation,
)
from services.gateway.people_search_api import PATH as SEARCH
from services.gateway.people_search_question import SEARCH_SCHEMA
from services.gateway.query_parameters import QueryParameters
from services.gateway.request_context import RequestContext
from services.gateway.webhook_message import TEST, openapi_webhooks
from services.vocabulary.programme import PROGRAMME
from shared.version import __version__

TITLE = "Parcours"
SERVERS = [{"url": "/", "description": "This gateway."}]
POLICY = """\
What changes within `/v1`: operations, parameters that may be left out, members of answers, kinds of events and codes of problems are added;
clients pass over what they do not know. What a client relies on is not taken away or given another meaning: that needs another prefix.

What is to end is marked as `deprecated` here, and its answers have the headers `Deprecation` (RFC 9745), since when, and `Sunset`
(RFC 8594), from when it may be gone: twelve months later at the earliest. `Link` with `rel="deprecation"` leads to what replaces it."""


class Descriptions:
    def __init__(self, deps: GatewayDeps, parameters: QueryParameters) -> None:
        self.deps = deps
        self.parameters = parameters

    def rules(self) -> Iterable[Rule]:
        yield Rule("/openapi.json", methods=["GET"], endpoint=self.openapi)
        yield Rule("/asyncapi.json", methods=["GET"], endpoint=self.asyncapi)

    def openapi(self, context: RequestContext) -> Response:
        return json_response(self.openapi_document)

    def asyncapi(self, context: RequestContext) -> Response:
        return json_response(self.asyncapi_document)

    @cached_property
    def openapi_document(self) -> Members:
        spec = APISpec(
            TITLE,
            __version__,
            "3.1.0",
            plugins=[MarshmallowPlugin()],
            info={"description": f"{self.deps.programme}\n\n{POLICY}"},
            servers=SERVERS,
        )
        add_components(spec)
        territories = list(self.deps.territories)
        described = self.deps.services.values()
        commands = {name: command for service in described for name, command in service.commands.items()}
        titles = {name: title for service in described for name, title in service.title_of.items()}
        for service, schemas in self.deps.schemas.items():
            accepted = [*territories, PROGRAMME] if self.deps.services[service].programme_wide else territories
            for name, schema in schemas.items():
                spec.components.schema(name, schema=schema)
                spec.path(f"/v1/commands/{name}", operations={"post": command_operation(service, commands[name], titles[name], accepted)})
        spec.path("/v1/commands", operations={"post": batch_operation()})
        spec.path("/v1/session", operations={"post": session_operation(), "delete": end_session_operation()})
        spec.path("/v1/backchannel-logout", operations={"post": backchannel_logout_operation()})
        spec.path("/v1/login-digests", operations={"post": login_digest_operation()})
        spec.path(
            "/v1/survey-tickets",
            operations={"post": ticket_operation(commands[TICKET], titles[TICKET], territories)},
        )
        spec.path(SEARCH, operations={"post": search_operation()})
        declared = self.parameters.of("/v1/stream-tickets")
        spec.path("/v1/stream-tickets", operations={"post": stream_ticket_operation(declared)})
        for rule, query in QUERIES.items():
            spec.path(path_of(rule), operations={"get": query_operation(rule, query, self.parameters.of(rule))})
        document: Members = with_types({**spec.to_dict(), "webhooks": openapi_webhooks()})
        return with_examples(document)

    @cached_property
    def asyncapi_document(self) -> Members:
        document: Members = with_types(asyncapi_document(TITLE, self.deps.programme, self.deps.events, self.deps.names))
        return document


def add_components(spec: APISpec) -> None:
    """What several operations name, but the commands."""
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    for name, component in ({"Problem": PROBLEM, "Answer": ANSWER, "WebhookTest": TEST} | CREATED | response_schemas.components()).items():
        spec.components.schema(name, component)
    for name, schema in {"Login": LOGIN_SCHEMA, "LoginToDigest": LOGIN_TO_DIGEST, "Search": SEARCH_SCHEMA}.items():
        spec.components.schema(name, schema=schema)
