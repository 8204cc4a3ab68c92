"""The operations of OpenAPI: what is sent to an address, and everything that it may answer."""

import re
from collections.abc import Iterable
from inspect import getdoc
from typing import Any, NamedTuple

from services.gateway.commands_api import MAX_COMMAND_BYTES
from services.gateway.line_reader import MAX_LINES, MAX_REQUEST_BYTES
from services.gateway.query_parameters import Parameter
from services.gateway.response_schemas import ref

CLAUSE_END = re.compile("[.:;] ")
PLACEHOLDER = re.compile(r"<(\w+)>")
PROBLEM_MEDIA_TYPE = "application/problem+json"
Members = dict[str, Any]

PROBLEMS = {
    "400": "The request cannot be read.",
    "401": "No session or token, or one that is not valid.",
    "403": "Not this role, or not this territory.",
    "404": "No such address.",
    "409": "Refused by the rules: `code` says which. `idempotency_key_in_flight`: ask again with the same key.",
    "413": "Longer than what is read here.",
    "414": "The address is longer than 8 KiB.",
    "415": "Another encoding or media type than those that are read here.",
    "422": "Some fields are wrong: `faults` lists all of them. `idempotency_key_reused`: the key belongs to another command.",
    "429": "Too many requests of one client: ask again after `Retry-After` seconds. `RateLimit` tells what is left.",
    "500": "A defect: it is noted in the log of the gateway.",
    "503": "A component is unavailable: ask again after `Retry-After` seconds, a command with the same id.",
}
COMMAND_PROBLEMS = tuple(status for status in PROBLEMS if status != "414")
QUERY_PROBLEMS = ("400", "401", "403", "404", "409", "414", "415", "422", "500", "503")
BATCH_PROBLEMS = ("400", "401", "403", "413", "415", "500")
LOGIN_PROBLEMS = ("400", "401", "403", "413", "415", "422", "500")
LOGOUT_PROBLEMS = ("400", "401", "403", "404", "413", "415", "500", "503")
END_SESSION_PROBLEMS = ("400", "401", "403", "415", "500", "503")
SEARCH_PROBLEMS = ("400", "401", "403", "413", "415", "422", "500", "503")
STREAM_TICKET_PROBLEMS = ("400", "401", "403", "413", "415", "500", "503")
STREAM_PATH = "/v1/stream"
UUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
KEY = (
    "A UUID, bare or as a quoted string. It belongs to one command with its body, of one actor, through every gateway: sent again it"
    " gets the first answer, for ever; another command under it is refused, for 30 days at least. A refused command has recorded"
    " nothing, and its key may be used again."
)
ETAG: Members = {"description": "Names this content: named in `If-None-Match`, it is not sent again.", "schema": {"type": "string"}}
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
        "reason": {"type": "string", "description": "Of what is forbidden: the code of the reason."},
        "details": {"type": "object", "description": "Of a refusal: what fills in its text."},
        "retry": {"type": "string", "enum": ["same_id"]},
        "reached": {"type": "integer", "description": "The position up to which readings are now."},
    },
}
TEXT: Members = {"type": "string"}
LINES: Members = {"type": "string", "format": "binary"}  # as generators of clients call what is no JSON
MOMENT: Members = {"type": "string", "format": "date-time"}
ANSWER: Members = {
    "type": "object",
    "required": ["command", "stream", "version", "position", "events"],
    "properties": {
        "command": {"type": "string", "format": "uuid"},
        "stream": {"type": "string"},
        "version": {"type": "integer"},
        "position": {"type": "integer", "description": "Opaque. Give it to a query as `position` to see this write in its response."},
        "events": {"type": "array", "items": {"type": "string"}},
        "secret": {"type": "string", "description": "Of a webhook that was created or whose secret was rotated: shown here alone."},
    },
}
CREATED: dict[str, Members] = {
    name: {"type": "object", "required": list(fields), "properties": fields}
    for name, fields in {
        "Session": {"token": TEXT},
        "SurveyTicket": {"ticket": TEXT, "territory": TEXT, "moment": TEXT},
        "LoginDigest": {"login": TEXT},
        "StreamTicket": {"ticket": TEXT, "stream": TEXT, "open_until": MOMENT, "resume_until": MOMENT},
    }.items()
}
"""What the operations answer that create something else than a command, by component."""


class Query(NamedTuple):
    """A GET operation. `schema` is the component of its JSON response; without one it is a stream of server-sent events."""

    operation: str
    description: str
    schema: str | None
    media_type: str = "application/json"
    open: bool = False


def command_operation(service: str, command: type[Any], title: str, territories: list[str]) -> Members:
    name = command.__name__
    body = {
        "type": "object",
        "required": ["territory", "data"],
        "properties": {
            "territory": {"type": "string", "enum": territories},
            "time": {"type": "string", "format": "date-time", "description": "When the fact happened; now if it is left out."},
            "data": ref(name),
        },
    }
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": KEY,
        "schema": {"type": "string", "pattern": f'^({UUID}|"{UUID}")$'},  # no `format`: generated clients would refuse the quotation marks
    }
    return {
        "operationId": name,
        "summary": title,
        **({"description": getdoc(command)} if command.__doc__ else {}),
        "tags": [service],
        "security": [{"bearer": []}, {}] if name == "AnswerSurvey" else [{"bearer": []}],
        "parameters": [key],
        "requestBody": request_body(body),
        "responses": {"201": response("Recorded, now or by an earlier request with this key.", ref("Answer"))} | problems(COMMAND_PROBLEMS),
    }


def batch_operation() -> Members:
    description = (
        "A line for each line, in order: accepted, refused, invalid, forbidden, unavailable or unforeseen. A line that is wrong is"
        " answered in its place, and the rest goes on. Answers come while the request is still sent."
    )
    limits = (
        f"A command on each line, of {MAX_COMMAND_BYTES} bytes at most; {MAX_LINES} lines and {MAX_REQUEST_BYTES} bytes in all. It may come"
        " in chunks, and with `Content-Encoding: gzip`; the limits are those of what is decompressed."
    )
    return {
        "operationId": "commands",
        "summary": "Many commands, a line each",
        "tags": ["commands"],
        "security": [{"bearer": []}, {}],  # without a session each line is answered by itself: a ticket answers the survey
        "requestBody": request_body(LINES | {"description": limits}, "application/x-ndjson"),
        "responses": {"200": response(description, LINES, "application/x-ndjson")} | problems(BATCH_PROBLEMS),
    }


def session_operation() -> Members:
    description = "A token for `Authorization: Bearer`. A login for development, on the loopback address only."
    return {
        "operationId": "session",
        "summary": "Open a session of development",
        "tags": ["session"],
        "security": [],
        "requestBody": request_body(ref("Login")),
        "responses": {"201": response(description, ref("Session"))} | problems(LOGIN_PROBLEMS),
    }


def login_digest_operation() -> Members:
    description = "The digest that commands on accounts name, and events record: of an e-mail address, or of a subject at an issuer."
    return {
        "operationId": "loginDigest",
        "summary": "The digest of a login",
        "tags": ["accounts"],
        "security": [{"bearer": []}],
        "requestBody": request_body(ref("LoginToDigest")),
        "responses": {"201": response(description, ref("LoginDigest"))} | problems(LOGIN_PROBLEMS),
    }


def backchannel_logout_operation() -> Members:
    body = {"type": "object", "required": ["logout_token"], "properties": {"logout_token": TEXT}}
    description = "The sessions that this session at the issuer led to have ended, in every gateway within seconds."
    return {
        "operationId": "backchannelLogout",
        "summary": "A session at the issuer has ended",
        "description": "OpenID Connect Back-Channel Logout 1.0: the issuer calls it.",
        "tags": ["session"],
        "security": [],
        "requestBody": request_body(body, "application/x-www-form-urlencoded"),
        "responses": {"200": {"description": description}} | problems(LOGOUT_PROBLEMS),
    }


def end_session_operation() -> Members:
    description = "The session of the token or the cookie has ended, in every gateway within seconds; streams that it opened end too."
    return {
        "operationId": "endSession",
        "summary": "End the session",
        "security": [{"bearer": []}],
        "responses": {"204": {"description": description}} | problems(END_SESSION_PROBLEMS),
    }


def ticket_operation(command: type[Any], title: str, territories: list[str]) -> Members:
    operation = command_operation("coaching", command, title, territories)
    description = "A ticket with which a participant answers the survey once, without a login and without a name. The key must be random."
    created = response(description, ref("SurveyTicket"))
    return {
        **operation,
        "operationId": "surveyTicket",
        "summary": f"{title}, et le recevoir",
        "responses": operation["responses"] | {"201": created},
    }


def search_operation() -> Members:
    description = "Persons whom the territories of the reader follow or followed, with who they are, in the order of their names."
    body = request_body(ref("Search"))
    body["content"]["application/json"]["example"] = {"text": "dial awa"}
    return {
        "operationId": "searchPeople",
        "summary": "Find persons by the first letters of a name, or by a telephone number",
        "description": "What is searched for is in the body, because an address stays in the logs of proxies and in histories.",
        "tags": ["queries"],
        "security": [{"bearer": []}],
        "requestBody": body,
        "responses": {"200": response(description, ref("FoundPersons"))} | problems(SEARCH_PROBLEMS),
    }


def stream_ticket_operation(declared: Iterable[Parameter]) -> Members:
    """The parameters are those of the stream: the ticket keeps them."""
    description = "A ticket that opens `stream` once, until `open_until`, for EventSource, which sends no header and resumes by itself."
    return {
        "operationId": "streamTicket",
        "summary": "A ticket that opens the stream once",
        "tags": ["session"],
        "security": [{"bearer": []}],
        "parameters": [parameter.described() for parameter in declared],
        "responses": {"201": response(description, ref("StreamTicket"))} | problems(STREAM_TICKET_PROBLEMS),
    }


def path_of(rule: str) -> str:
    """A path of OpenAPI, of a rule of werkzeug."""
    return PLACEHOLDER.sub(r"{\1}", rule)


def query_operation(rule: str, query: Query, declared: Iterable[Parameter]) -> Members:
    parameters = [parameter.described() for parameter in declared]
    for name in PLACEHOLDER.findall(rule):
        parameters.append({"name": name, "in": "path", "required": True, "schema": {"type": "string"}})
    return {
        "operationId": query.operation,
        "summary": first_clause(query.description),
        "tags": ["queries"],
        "security": [{}] if query.open else [{"bearer": []}, {}] if rule == STREAM_PATH else [{"bearer": []}],  # a ticket is a parameter
        "parameters": parameters,
        "responses": found(query) | problems(QUERY_PROBLEMS),
    }


def first_clause(description: str) -> str:
    """What a description says before its first stop, as a summary."""
    return CLAUSE_END.split(description, maxsplit=1)[0].rstrip(".")


def found(query: Query) -> Members:
    if query.schema is None:
        return {"200": response(query.description, {"type": "string"}, "text/event-stream")}
    answer = response(query.description, ref(query.schema), query.media_type) | {"headers": {"ETag": ETAG}}
    return {
        "200": answer,
        "304": {"description": "The client has it already: it named the ETag in `If-None-Match`.", "headers": {"ETag": ETAG}},
    }


def request_body(schema: Members, media_type: str = "application/json") -> Members:
    return {"required": True, "content": {media_type: {"schema": schema}}}


def response(description: str, schema: Members, media_type: str = "application/json") -> Members:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def problems(statuses: Iterable[str]) -> Members:
    """The problems (RFC 9457) that an operation may answer."""
    return {status: response(PROBLEMS[status], ref("Problem"), PROBLEM_MEDIA_TYPE) for status in (*statuses, "429")}
