"""What generators of clients need to read in a schema, although validators do not: without it they make types that fit nothing.

An enum without a `type` becomes an unknown type, and an object without members becomes one that may have none.
"""

from typing import Any

TYPES = {str: "string", int: "integer", bool: "boolean", float: "number", type(None): "null"}


def with_types(document: Any) -> Any:
    """A document with the `type` of every enum, and `additionalProperties` in every object whose members are not listed."""
    if isinstance(document, list):
        return [with_types(each) for each in document]
    if not isinstance(document, dict):
        return document
    found = {name: value if name in {"example", "default", "enum"} else with_types(value) for name, value in document.items()}
    if isinstance(found.get("enum"), list) and "type" not in found:
        types = sorted({TYPES[type(value)] for value in found["enum"]})
        return {"type": types[0] if len(types) == 1 else types, **found}
    if found.get("type") == "object" and found.keys().isdisjoint({"properties", "additionalProperties"}):
        return {**found, "additionalProperties": True}
    return found
