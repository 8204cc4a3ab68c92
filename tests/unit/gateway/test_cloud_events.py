"""What leaves the system is a CloudEvent: the official SDK reads it, and carries it in binary mode and back without a loss."""

import re
from typing import Any

import msgspec
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_binary_event, from_structured_event, to_binary_event, to_structured_event

from services.gateway.hints import hint
from services.gateway.stream_frames import FrameCache
from shared.cloud_event import MEDIA_TYPE, encode_cloud_event, read_cloud_event
from shared.message import EventMessage, encode
from shared.store.port import pages
from tests.harness.world import World

ATTRIBUTE = re.compile("[a-z0-9]{1,20}")


@pytest.fixture
def events(world: World) -> list[EventMessage]:
    world.meet("p-1")
    world.send("OpenJourney", {"person": "p-1", "referent": "coach-1"})
    return [event for page in pages(world.components.store, 0, world.components.store.head()) for event in page]


def check(body: bytes) -> dict[str, Any]:
    """The attributes of an event in structured mode, which survive both modes."""
    event = from_structured_event(HTTPMessage({"content-type": MEDIA_TYPE}, body))
    attributes = event.get_attributes()
    assert [name for name, value in attributes.items() if not ATTRIBUTE.fullmatch(name) or isinstance(value, dict | list | None)] == []
    assert "" not in attributes.values()
    binary = from_binary_event(to_binary_event(event))
    assert {name: str(value) for name, value in binary.get_attributes().items()} == {name: str(value) for name, value in attributes.items()}
    assert binary.get_data() in (event.get_data(), b"" if event.get_data() is None else None)
    assert from_structured_event(to_structured_event(event)).get_attributes() == attributes
    return dict(attributes)


def test_every_event_is_valid_in_both_modes(events: list[EventMessage]) -> None:
    assert len(events) >= 4
    for event in events:
        attributes = check(encode_cloud_event(event))
        assert (attributes["actorid"], attributes["actorrole"]) == (event.actor.id, event.actor.role)
        assert attributes["id"] == str(event.id)


def test_what_the_interface_sends_is_that_form(world: World, events: list[EventMessage]) -> None:
    page = world.get("/v1/events").json
    assert page is not None
    assert [each["id"] for each in page["events"]] == [str(event.id) for event in events]
    for each in page["events"]:
        check(msgspec.json.encode(each))
    frame = FrameCache().of(events[0], b"")
    check(frame.partition(b"data: ")[2].strip())


def test_the_reduced_form_of_masked_readers_is_one_too() -> None:
    body = FrameCache().of(hint(42, "alencon"), b"").partition(b"data: ")[2].strip()
    check(body)
    assert set(msgspec.json.decode(body)) == {"specversion", "id", "source", "type", "territory", "position"}


def test_a_message_of_the_stream_is_read_in_the_form_of_today_and_of_earlier_releases(events: list[EventMessage]) -> None:
    for event in events:
        assert msgspec.json.decode(encode(read_cloud_event(encode_cloud_event(event)))) == msgspec.json.decode(encode(event))
        assert read_cloud_event(encode(event)) == event


def test_no_field_of_an_event_is_left_out(events: list[EventMessage]) -> None:
    flat = msgspec.json.decode(encode_cloud_event(events[-1])).keys()
    written = msgspec.json.decode(encode(events[-1])).keys()
    assert written - flat == {"actor"}
    assert flat - written == {"actorid", "actorrole", "actororganisation"}
