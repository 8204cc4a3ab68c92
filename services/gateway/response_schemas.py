"""JSON schemas of the responses to queries, for OpenAPI. They are derived from the structs that the gateway encodes."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, defstruct

from services.gateway.accounts_api import Accounts
from services.gateway.changes_api import ChangesPage
from services.gateway.hints import Hint
from services.gateway.lists import LISTS
from services.gateway.operations_api import DeadLetterLine, ProjectionLine
from services.gateway.people_api import PersonAnswer
from services.gateway.people_search_answers import FoundPersons
from services.gateway.programme_answers import Me, ProgrammeAnswer, Quarters
from services.gateway.timeline_api import TimelinePage
from services.reporting.answers import CELL_SHAPES, Cell, Evidence, Figures
from services.reporting.change_answers import FiguresMoved
from services.reporting.definition_answers import Declarations, History
from services.webhooks.answers import WebhookAnswer, WebhookDeliveries, Webhooks
from shared.cloud_event import CloudEvent

OF_QUERIES = (
    *(Me, ProgrammeAnswer, PersonAnswer, FoundPersons, TimelinePage, Quarters, Declarations, History, ChangesPage),
    *(Webhooks, WebhookAnswer, WebhookDeliveries, Accounts, ProjectionLine, DeadLetterLine),
)
Moment = Annotated[datetime, Meta(tz=True)]
Schema = dict[str, Any]
REF = "#/components/schemas/{name}"


def ref(name: str) -> Schema:
    return {"$ref": REF.format(name=name)}


def event_struct() -> type[Struct]:
    """The struct of an event as clients read it. Its `data` are an object here, where CloudEvent keeps them as undecoded bytes.

    Its times have a zone, without which msgspec does not call them `date-time`.
    """
    known = [field for field in msgspec.structs.fields(CloudEvent) if field.name != "data"]
    required = [(field.name, Moment if field.type is datetime else field.type) for field in known if field.required]
    optional = [(field.name, field.type, field.default) for field in known if not field.required]
    return defstruct("Event", [*required, ("data", dict[str, Any]), *optional])


def components() -> dict[str, Schema]:
    """The components that the responses need, by name."""
    event = event_struct()
    structs = [event, Hint, FiguresMoved, Figures, Evidence, *CELL_SHAPES, *OF_QUERIES, *(each.item for each in LISTS)]
    _, schemas = msgspec.json.schema_components(structs, schema_hook=schema_of_cell, ref_template=REF)
    for described in schemas.values():
        require_what_is_always_sent(described)
    pages = {each.page: list_page(each.item.__name__) for each in LISTS}
    pages |= {"ProjectionsPage": list_page("ProjectionLine"), "DeadLettersPage": list_page("DeadLetterLine")}
    schema = {"type": "object", "description": "A schema of JSON Schema 2020-12."}
    return {**schemas, **pages, "Cell": any_of(*(shape.__name__ for shape in CELL_SHAPES)), "EventPage": event_page(), "JsonSchema": schema}


def require_what_is_always_sent(schema: Schema) -> None:
    """msgspec requires no member that has a default, as in what is read. In an answer it is there all the same."""
    members = schema.get("properties", {})
    required = [name for name, member in members.items() if name in schema.get("required", ()) or "default" in member]
    if required:
        schema["required"] = required


def list_page(line: str) -> Schema:
    """A page of a list: see `lists_api.ListPage`."""
    following = {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "Hand it back as `cursor`; null at the end."}
    items = {"type": "array", "items": ref(line)}
    return {"type": "object", "required": ["items", "next"], "properties": {"items": items, "next": following}}


def schema_of_cell(type_: type) -> Schema:
    """msgspec's hook for types that it does not know: here, `Cell`."""
    if type_ is Cell:
        return ref("Cell")
    raise NotImplementedError(type_)  # what msgspec expects of a hook that does not know the type either


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
