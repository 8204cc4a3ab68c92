"""JSON schemas of the responses to queries, for OpenAPI. They are derived from the structs that the gateway encodes."""

from typing import Any

import msgspec
from msgspec import Struct, defstruct

from services.gateway.hints import Hint
from services.gateway.pages.tasks import Tasks
from services.reporting.answers import CELL_SHAPES, Cell, Evidence, Figures
from shared.message import EventMessage

Schema = dict[str, Any]
REF = "#/components/schemas/{name}"


def ref(name: str) -> Schema:
    return {"$ref": REF.format(name=name)}


def event_struct(name: str, fields: tuple[str, ...]) -> type[Struct]:
    """A struct with these fields of EventMessage. Its `data` are an object here, where EventMessage keeps them as undecoded bytes."""
    known = {field.name: field for field in msgspec.structs.fields(EventMessage)}
    required = [(field, known[field].type) for field in fields if field != "data" and known[field].required]
    optional = [(field, known[field].type, known[field].default) for field in fields if field != "data" and not known[field].required]
    data = [("data", dict[str, Any])] if "data" in fields else []
    return defstruct(name, [*required, *data, *optional])


def components() -> dict[str, Schema]:
    """The components that the responses need, by name."""
    event = event_struct("Event", EventMessage.__struct_fields__)
    structs = [event, Hint, Figures, Evidence, Tasks, *CELL_SHAPES]
    _, schemas = msgspec.json.schema_components(structs, schema_hook=schema_of_cell, ref_template=REF)
    return {**schemas, "Cell": any_of(*(shape.__name__ for shape in CELL_SHAPES)), "EventPage": event_page()}


def schema_of_cell(type_: type) -> Schema:
    """msgspec's hook for types that it does not know: here, `Cell`."""
    if type_ is Cell:
        return ref("Cell")
    raise NotImplementedError(type_)


def any_of(*names: str) -> Schema:
    return {"anyOf": [ref(name) for name in names]}


def event_page() -> Schema:
    """The response of /v1/events. A reader of masked figures gets a Hint when these change."""
    return {
        "type": "object",
        "required": ["events", "next", "more"],
        "properties": {
            "events": {"type": "array", "items": any_of("Event", "Hint")},
            "next": {"type": "integer", "description": "Where the next page begins: hand it back as `after`."},
            "more": {"type": "boolean", "description": "False when the page ends at the head of the log."},
        },
    }
