"""What this gateway offers, written for machines: OpenAPI for what is asked, AsyncAPI for what is heard."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import msgspec
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway import response_schemas
from services.gateway.commands_api import json_response
from services.gateway.dependencies import GatewayDeps
from services.gateway.request_context import RequestContext
from services.gateway.session import LOGIN_SCHEMA

TITLE = "Parcours"
VERSION = "1"
Members = dict[str, Any]

PROBLEMS = {
    "400": "The request cannot be read.",
    "401": "No session or token.",
    "403": "Not this role, or not this territory.",
    "404": "No such command.",
    "409": "Refused by the rules: `code` says which.",
    "422": "Some fields are wrong: `faults` lists all of them.",
    "503": "Something is away. The same command id may be sent again.",
}
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
        "position": {"type": "integer", "description": "Opaque. Hand it to a reading to see this write in it."},
        "events": {"type": "array", "items": {"type": "string"}},
    },
}
EVENTS = "CloudEvents of the log, in order. `next` is where the following page begins."
STREAM = "The feed as server-sent events, each with an Event or a BareEvent as data; Last-Event-ID resumes."
FIGURES = "The figures of a territory and a quarter."
# path -> operation id, description, query parameters, and the component that a response of JSON has
READINGS: dict[str, tuple[str, str, tuple[str, ...], str | None]] = {
    "/v1/events": ("events", EVENTS, ("after", "limit", "territory", "type"), "EventPage"),
    "/v1/stream": ("stream", STREAM, ("after", "territory", "type"), None),
    "/v1/indicators": ("indicators", FIGURES, ("territory", "quarter", "definitions", "position"), "Figures"),
    "/v1/indicators/{id}/evidence": ("evidence", "The facts behind a figure.", ("territory", "quarter", "side", "position"), "Evidence"),
}


class Descriptions:
    def __init__(self, deps: GatewayDeps) -> None:
        self.deps = deps

    def rules(self) -> Iterable[Rule]:
        yield Rule("/openapi.json", methods=["GET"], endpoint=self.openapi)
        yield Rule("/asyncapi.json", methods=["GET"], endpoint=self.asyncapi)

    def openapi(self, context: RequestContext) -> Response:
        return json_response(self.openapi_document)

    def asyncapi(self, context: RequestContext) -> Response:
        return json_response(self.asyncapi_document)

    @cached_property
    def openapi_document(self) -> Members:
        spec = APISpec(TITLE, VERSION, "3.1.0", plugins=[MarshmallowPlugin()], info={"description": self.deps.programme})
        spec.components.schema("Problem", PROBLEM)
        spec.components.schema("Answer", ANSWER)
        spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
        for service, schemas in self.deps.schemas.items():
            for name, schema in schemas.items():
                spec.components.schema(name, schema=schema)
                spec.path(f"/v1/commands/{name}", operations={"post": command(service, name, list(self.deps.territories))})
        spec.path("/v1/commands", operations={"post": batch()})
        spec.components.schema("Login", schema=LOGIN_SCHEMA)
        spec.path("/v1/session", operations={"post": session()})
        spec.path("/v1/survey-tickets", operations={"post": ticket(list(self.deps.territories))})
        for name, component in response_schemas.components().items():
            spec.components.schema(name, component)
        for path, (name, says, parameters, response) in READINGS.items():
            spec.path(path, operations={"get": reading(name, says, parameters, path, response)})
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
            "info": {"title": TITLE, "version": VERSION, "description": self.deps.programme},
            "channels": {"journey.events": channel},
            "operations": {"follow": {"action": "receive", "channel": {"$ref": "#/channels/journey.events"}}},
            "components": {"messages": messages, "schemas": schemas},
        }


def command(service: str, name: str, territories: list[str]) -> Members:
    body = {
        "type": "object",
        "required": ["territory", "data"],
        "properties": {
            "territory": {"type": "string", "enum": [*territories, "all"] if service == "reporting" else territories},
            "time": {"type": "string", "format": "date-time", "description": "When the fact happened; now when it is left out."},
            "data": {"$ref": f"#/components/schemas/{name}"},
        },
    }
    key = {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string", "format": "uuid"}}
    return {
        "operationId": name,
        "tags": [service],
        "security": [{"bearer": []}],
        "parameters": [key],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"201": answered("Recorded, or recorded before.", "Answer")} | problems(),
    }


def batch() -> Members:
    return {
        "operationId": "commands",
        "security": [{"bearer": []}],
        "requestBody": {"required": True, "content": {"application/x-ndjson": {"schema": {"type": "string"}}}},
        "responses": {"200": {"description": "A line for each line, in order: accepted, refused, invalid, forbidden or unavailable."}},
    }


def session() -> Members:
    says = "A token for `Authorization: Bearer`. A login for development: it answers to this machine alone."
    return asked("session", {"$ref": "#/components/schemas/Login"}, says, {"token": {"type": "string"}}) | {"security": []}


def ticket(territories: list[str]) -> Members:
    said = {"territory": {"type": "string", "enum": territories}}
    body = {"type": "object", "required": ["territory"], "properties": said}
    says = "A ticket with which a participant answers the survey once, without a login and without a name."
    return asked("surveyTicket", body, says, {"ticket": {"type": "string"}} | said)


def asked(name: str, body: Members, says: str, properties: Members) -> Members:
    answer = {"type": "object", "required": list(properties), "properties": properties}
    return {
        "operationId": name,
        "security": [{"bearer": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "201": {"description": says, "content": {"application/json": {"schema": answer}}},
            "default": answered("A problem (RFC 9457).", "Problem", "application/problem+json"),
        },
    }


def reading(name: str, says: str, parameters: tuple[str, ...], path: str, response: str | None) -> Members:
    given: list[Members] = [{"name": each, "in": "query", "schema": {"type": "string"}} for each in parameters]
    if "{id}" in path:
        given.append({"name": "id", "in": "path", "required": True, "schema": {"type": "string"}})
    stream = {"description": says, "content": {"text/event-stream": {"schema": {"type": "string"}}}}
    return {
        "operationId": name,
        "security": [{"bearer": []}],
        "parameters": given,
        "responses": {
            "200": answered(says, response) if response else stream,
            "default": answered("A problem (RFC 9457).", "Problem", "application/problem+json"),
        },
    }


def problems() -> Members:
    return {status: answered(says, "Problem", "application/problem+json") for status, says in PROBLEMS.items()}


def answered(says: str, schema: str, kind: str = "application/json") -> Members:
    return {"description": says, "content": {kind: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}
