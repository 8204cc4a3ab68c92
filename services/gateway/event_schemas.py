"""The JSON schema of each event's data, under the name that the event itself gives in `dataschema`: `urn:parcours:<kind>:<version>`.

Readers get every event in its current shape, so there is one version of each: the one that is written and read today.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from werkzeug.routing import Rule
from werkzeug.wrappers import Response

from services.gateway.problems import not_found
from services.gateway.request_context import RequestContext
from shared.description import ServiceDescription
from shared.message import dataschema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MEDIA_TYPE = "application/schema+json"
Schema = dict[str, Any]


def event_schemas(services: Iterable[ServiceDescription]) -> dict[tuple[str, str], Schema]:
    """The schema of each event, by kind and version."""
    return {
        (kind, str(version)): {"$schema": DIALECT, "$id": dataschema(kind, version), **msgspec.json.schema(event)}
        for service in services
        for aggregate in service.aggregates
        for event in aggregate.event_types
        for kind, version in [(f"{service.name}.{event.__name__}", aggregate.event_version(event.__name__))]
    }


class EventSchemasApi:
    def __init__(self, services: Mapping[str, ServiceDescription]) -> None:
        self.bodies = {key: msgspec.json.encode(schema) for key, schema in event_schemas(services.values()).items()}

    def rules(self) -> Iterable[Rule]:
        yield Rule("/v1/schemas/<kind>/<version>", methods=["GET"], endpoint=self.schema)

    def schema(self, context: RequestContext, kind: str, version: str) -> Response:
        if (kind, version) not in self.bodies:
            raise not_found("Aucun événement n’a cette forme aujourd’hui.")
        return Response(self.bodies[kind, version], content_type=MEDIA_TYPE)
