"""The machine-readable descriptions of this gateway: OpenAPI of its requests, AsyncAPI of the feed of events."""

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple

import msgspec
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway import response_schemas
from services.gateway.commands_api import json_response
from services.gateway.dependencies import GatewayDeps
from services.gateway.query_parameters import Parameter, QueryParameters
from services.gateway.read_access import PROGRAMME
from services.gateway.request_context import RequestContext
from services.gateway.response_schemas import ref
from services.gateway.session import LOGIN_SCHEMA
from shared.version import __version__

TITLE = "Parcours"
PLACEHOLDER = re.compile(r"<(\w+)>")
Members = dict[str, Any]

PROBLEMS = {
    "400": "The request cannot be read.",
    "401": "No session or token, or one that is not valid.",
    "403": "Not this role, or not this territory.",
    "404": "No such address.",
    "409": "Refused by the rules: `code` says which.",
    "413": "Longer than what is read here.",
    "415": "Another encoding or media type than those that are read here.",
    "422": "Some fields are wrong: `faults` lists all of them.",
    "503": "A component is unavailable: ask again after `Retry-After` seconds, a command with the same id.",
}
COMMAND_PROBLEMS = tuple(PROBLEMS)
QUERY_PROBLEMS = ("400", "401", "403", "404", "409", "415", "422", "503")
BATCH_PROBLEMS = ("400", "401", "403", "413", "415")
LOGIN_PROBLEMS = ("400", "401", "403", "413", "415", "422")
PROBLEM: Members = {
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string", "description": "In French."},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable."},
        "detail": {"type": "string", "description": "In French."},
        "faults": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        "retry": {"type": "string", "enum": ["same_id"]},
    },
}
ANSWER: Members = {
    "type": "object",
    "required": ["command", "stream", "version", "position", "events"],
    "properties": {
        "command": {"type": "string", "format": "uuid"},
        "stream": {"type": "string"},
        "version": {"type": "integer"},
        "position": {"type": "integer", "description": "Opaque. Give it to a query as `position` to see this write in its response."},
        "events": {"type": "array", "items": {"type": "string"}},
    },
}
EVENTS = "CloudEvents of the log, in order. Give `next` back as `after` to get the next page."
STREAM = "The feed as server-sent events, each with an Event or a Hint as data. Last-Event-ID resumes it."
TASKS = "What a policy could not do, and a person has to decide, in the territories of the reader."
FIGURES = "The figures of a territory and a quarter."
EVIDENCE = "The facts that a figure counts."
PROBLEM_TYPE = "application/problem+json"


class Query(NamedTuple):
    """A GET operation. `schema` is the component of its JSON response; without one it is a stream of server-sent events."""

    operation: str
    description: str
    schema: str | None


QUERIES = {
    "/v1/events": Query("events", EVENTS, "EventPage"),
    "/v1/stream": Query("stream", STREAM, None),
    "/v1/tasks": Query("tasks", TASKS, "Tasks"),
    "/v1/indicators": Query("indicators", FIGURES, "Figures"),
    "/v1/indicators/<indicator>/evidence": Query("evidence", EVIDENCE, "Evidence"),
}


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
        spec = APISpec(TITLE, __version__, "3.1.0", plugins=[MarshmallowPlugin()], info={"description": self.deps.programme})
        spec.components.schema("Problem", PROBLEM)
        spec.components.schema("Answer", ANSWER)
        spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
        spec.components.schema("Login", schema=LOGIN_SCHEMA)
        for name, component in response_schemas.components().items():
            spec.components.schema(name, component)
        territories = list(self.deps.territories)
        for service, schemas in self.deps.schemas.items():
            accepted = [*territories, PROGRAMME] if self.deps.services[service].programme_wide else territories
            for name, schema in schemas.items():
                spec.components.schema(name, schema=schema)
                spec.path(f"/v1/commands/{name}", operations={"post": command_operation(service, name, accepted)})
        spec.path("/v1/commands", operations={"post": batch_operation()})
        spec.path("/v1/session", operations={"post": session_operation()})
        spec.path("/v1/survey-tickets", operations={"post": ticket_operation(territories)})
        for rule, query in QUERIES.items():
            spec.path(path_of(rule), operations={"get": query_operation(rule, query, self.parameters.of(rule))})
        return dict(spec.to_dict())

    @cached_property
    def asyncapi_document(self) -> Members:
        kinds = self.deps.events
        structs, schemas = msgspec.json.schema_components(list(kinds.values()), ref_template="#/components/schemas/{name}")
        messages = {kind: {"name": f"fr.parcours.{kind}", "payload": payload} for kind, payload in zip(kinds, structs, strict=True)}
        channel = {
            "address": "/v1/stream",
            "description": "Each message is a CloudEvent; `data` has the payload below.",
            "messages": {kind: {"$ref": f"#/components/messages/{kind}"} for kind in kinds},
        }
        return {
            "asyncapi": "3.0.0",
            "info": {"title": TITLE, "version": __version__, "description": self.deps.programme},
            "channels": {"journey.events": channel},
            "operations": {"follow": {"action": "receive", "channel": {"$ref": "#/channels/journey.events"}}},
            "components": {"messages": messages, "schemas": schemas},
        }


def command_operation(service: str, name: str, territories: list[str]) -> Members:
    body = {
        "type": "object",
        "required": ["territory", "data"],
        "properties": {
            "territory": {"type": "string", "enum": territories},
            "time": {"type": "string", "format": "date-time", "description": "When the fact happened; now if it is left out."},
            "data": ref(name),
        },
    }
    key = {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string", "format": "uuid"}}
    return {
        "operationId": name,
        "tags": [service],
        "security": [{"bearer": []}, {}] if name == "AnswerSurvey" else [{"bearer": []}],
        "parameters": [key],
        "requestBody": request_body(body),
        "responses": {"201": response("Recorded, now or by an earlier request with this key.", ref("Answer"))} | problems(COMMAND_PROBLEMS),
    }


def batch_operation() -> Members:
    description = "A line for each line, in order: accepted, refused, invalid, forbidden or unavailable."
    return {
        "operationId": "commands",
        "security": [{"bearer": []}, {}],  # without a session each line is answered by itself: a ticket answers the survey
        "requestBody": request_body({"type": "string"}, "application/x-ndjson"),
        "responses": {"200": response(description, {"type": "string"}, "application/x-ndjson")} | problems(BATCH_PROBLEMS),
    }


def session_operation() -> Members:
    description = "A token for `Authorization: Bearer`. A login for development, on the loopback address only."
    return creation("session", ref("Login"), description, {"token": {"type": "string"}}) | {"security": []}


def ticket_operation(territories: list[str]) -> Members:
    operation = command_operation("coaching", "IssueSurveyTicket", territories)
    description = "A ticket with which a participant answers the survey once, without a login and without a name. The key must be random."
    fields = {name: {"type": "string"} for name in ("ticket", "territory", "moment")}
    created = {"type": "object", "required": list(fields), "properties": fields}
    return {**operation, "operationId": "surveyTicket", "responses": operation["responses"] | {"201": response(description, created)}}


def creation(operation: str, body: Members, description: str, fields: Members) -> Members:
    """A POST operation that answers an object with these fields, all of them required."""
    created = {"type": "object", "required": list(fields), "properties": fields}
    return {
        "operationId": operation,
        "security": [{"bearer": []}],
        "requestBody": request_body(body),
        "responses": {"201": response(description, created)} | problems(LOGIN_PROBLEMS),
    }


def path_of(rule: str) -> str:
    """A path of OpenAPI, of a rule of werkzeug."""
    return PLACEHOLDER.sub(r"{\1}", rule)


def query_operation(rule: str, query: Query, declared: Iterable[Parameter]) -> Members:
    parameters = [parameter.described() for parameter in declared]
    for name in PLACEHOLDER.findall(rule):
        parameters.append({"name": name, "in": "path", "required": True, "schema": {"type": "string"}})
    stream = response(query.description, {"type": "string"}, "text/event-stream")
    return {
        "operationId": query.operation,
        "security": [{"bearer": []}],
        "parameters": parameters,
        "responses": {"200": response(query.description, ref(query.schema)) if query.schema else stream} | problems(QUERY_PROBLEMS),
    }


def request_body(schema: Members, media_type: str = "application/json") -> Members:
    return {"required": True, "content": {media_type: {"schema": schema}}}


def response(description: str, schema: Members, media_type: str = "application/json") -> Members:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def problems(statuses: Iterable[str]) -> Members:
    """The problems (RFC 9457) that an operation may answer."""
    return {status: response(PROBLEMS[status], ref("Problem"), PROBLEM_TYPE) for status in statuses}
