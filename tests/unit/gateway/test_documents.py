"""The published documents are valid, and what they show as an example is of the shape that they say."""

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from services.bootstrap.registry import SERVICES
from services.gateway.examples import PROBLEMS
from shared.bus.names import Names
from shared.store.port import pages
from tests.harness.world import World


def openapi(world: World) -> dict[str, Any]:
    document = world.get("/openapi.json", role=None).json
    assert document is not None
    return dict(document)


def contents(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every response of every operation that has a body."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                for media_type, content in response.get("content", {}).items():
                    yield f"{method} {path} {status} {media_type}", content


def test_openapi_is_valid(world: World) -> None:
    document: dict[Hashable, Any] = dict(openapi(world).items())
    assert [fault.message for fault in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_response_has_an_example_of_its_shape(world: World) -> None:
    document = openapi(world)
    problems = {where.split()[2] for where, _ in contents(document) if "problem+json" in where}
    assert problems == PROBLEMS.keys()
    wrong = {
        where: fault.message
        for where, content in contents(document)
        for fault in jsonschema_rs.validator_for({**content["schema"], "components": document["components"]}).iter_errors(
            content.get("example")
        )
    }
    assert wrong == {}


def schemas_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a document, examples left out."""
    if isinstance(value, dict):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from schemas_in(each)


@pytest.mark.parametrize("address", ["/openapi.json", "/asyncapi.json"])
def test_generators_of_clients_find_the_type_of_every_value(world: World, address: str) -> None:
    found = list(schemas_in(world.get(address, role=None).json))
    assert len([each for each in found if isinstance(each.get("enum"), list)]) > 20
    assert [each for each in found if isinstance(each.get("enum"), list) and "type" not in each] == []
    assert [each for each in found if each.get("type") == "object" and each.keys().isdisjoint({"properties", "additionalProperties"})] == []


def test_what_is_always_in_an_answer_is_required_and_what_a_sender_may_leave_out_is_not(world: World) -> None:
    schemas = openapi(world)["components"]["schemas"]
    assert {"code", "reason"} <= set(schemas["NextCommand"]["required"])
    assert {"specversion", "source", "type"} <= set(schemas["Hint"]["required"])
    assert "previous" not in schemas["Event"]["required"]
    assert "qpv" not in schemas["IdentifyPerson"]["required"]


def test_every_operation_says_what_may_go_wrong(world: World) -> None:
    for path, operations in openapi(world)["paths"].items():
        for operation in operations.values():
            assert {"400", "500"} <= operation["responses"].keys(), path


@pytest.mark.parametrize("kind", [kind for service in SERVICES.values() for kind in service.events])
def test_an_event_has_a_schema_under_its_dataschema(world: World, kind: str) -> None:
    service = SERVICES[kind.partition(".")[0]]
    name = kind.partition(".")[2]
    [aggregate] = [each for each in service.aggregates if name in {event.__name__ for event in each.event_types}]
    version = aggregate.event_version(name)
    answer = world.get(f"/v1/schemas/{kind}/{version}", role=None)
    assert (answer.status_code, answer.mimetype) == (200, "application/schema+json")
    schema = answer.get_json(force=True)
    assert schema["$id"] == f"urn:parcours:{kind}:{version}"
    jsonschema_rs.meta.validate(schema)
    assert world.get(f"/v1/schemas/{kind}/{version + 1}", role=None).status_code == 404


def test_what_is_recorded_is_of_its_schema(world: World) -> None:
    world.meet("p-1")
    world.send("OpenJourney", {"person": "p-1", "referent": "coach-1"})
    world.send("IdentifyBarrier", {"person": "p-1", "thematique": "mobilite--acceder-a-un-vehicule"})
    events = [event for page in pages(world.components.store, 0, world.components.store.head()) for event in page]
    assert len(events) >= 5
    for event in events:
        _, _, kind, version = event.dataschema.split(":")
        schema = world.get(f"/v1/schemas/{kind}/{version}", role=None).get_json(force=True)
        jsonschema_rs.validator_for(schema).validate(msgspec.json.decode(event.data))


def test_asyncapi_names_every_event_where_it_comes_from_and_how_to_log_in(world: World) -> None:
    document = world.get("/asyncapi.json", role=None).json
    assert document is not None
    assert set(document["channels"]["feed"]["messages"]) == set(world.deps.events)
    assert {channel["address"] for channel in document["channels"].values()} == {"/v1/stream", "journey.feed", "journey.figures", None}
    assert set(document["channels"]["figures"]["messages"]) == {"reporting.FiguresMoved"}
    for operation in document["operations"].values():
        assert operation["channel"]["$ref"].rpartition("/")[2] in document["channels"]
        assert [each["$ref"].rpartition("/")[2] in document["components"]["securitySchemes"] for each in operation["security"]] == [True]
    payload = document["components"]["messages"]["intake.PersonIdentified"]["payload"]
    world.meet("p-1")
    [event] = [each for each in (world.get("/v1/events").json or {})["events"] if each["type"].endswith("PersonIdentified")]
    jsonschema_rs.validator_for({**payload, "components": document["components"]}).validate(event)


def test_asyncapi_names_the_streams_as_they_are_named_on_the_broker(tmp_path: Path) -> None:
    document = World(tmp_path, names=Names("rehearsal")).get("/asyncapi.json", role=None).json
    assert document is not None
    for name in ("feed", "figures"):
        stream = document["channels"][name]
        assert (stream["address"], stream["bindings"]["amqp"]["queue"]["name"]) == (f"rehearsal.journey.{name}",) * 2


def test_every_operation_says_in_a_line_what_it_is(world: World) -> None:
    operations = [operation for path in openapi(world)["paths"].values() for operation in path.values()]
    summaries = [operation.get("summary", "") for operation in operations]
    assert [text for text in summaries if not 4 <= len(text) <= 120] == []
    assert len(set(summaries)) == len(summaries)


def test_whatever_is_coded_names_the_list_that_has_its_labels(world: World) -> None:
    programme = world.get("/v1/programme", role="auditor").json
    assert programme is not None
    lists = {"thematiques": programme["thematiques"], **programme["vocabularies"]}
    document = openapi(world)
    named = [each for each in schemas_in(document["components"]["schemas"]) if "x-vocabulary" in each]
    assert len(named) > 40
    assert {each["x-vocabulary"] for each in named} - lists.keys() == set()
    coded = [(each["enum"], [code["code"] for code in lists[each["x-vocabulary"]]]) for each in named if "enum" in each]
    assert [found for found, expected in coded if [code for code in found if code is not None] != expected] == []


def test_every_state_in_an_answer_has_a_label(world: World) -> None:
    programme = world.get("/v1/programme", role="auditor").json
    assert programme is not None
    states = {member: {each["code"] for each in labels} for member, labels in programme["states"].items()}
    schemas = openapi(world)["components"]["schemas"]
    found = {
        f"{name}.{member}": set(schema["enum"])
        for name, described in schemas.items()
        if name.endswith(("Line", "State"))
        for member, schema in described.get("properties", {}).items()
        if "enum" in schema and f"{member}_label" not in described["properties"]
    }
    assert found == states
