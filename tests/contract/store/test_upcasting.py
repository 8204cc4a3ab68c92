"""Upcasting: events of old schema versions are read as the current one."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.message import data_of
from shared.store.port import Append, EventStore
from shared.store.upcasting import UpcastingStore
from tests.contract.store.writing import all_events, append, event

KIND = "intake.PersonIdentified"


class Qpv(msgspec.Struct):
    vintage: int
    name: str


class PersonIdentified(msgspec.Struct):
    person: str
    qpv: Qpv | None
    radar: bool


def with_vintage(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 had only the name of the quarter; all of them were on the map of 2014."""
    return {**data, "qpv": {"vintage": 2014, "name": data["qpv"]} if data["qpv"] else None}


def with_radar(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "radar": False}


@pytest.fixture
def upcasting(store: EventStore) -> UpcastingStore:
    return UpcastingStore(store, {KIND: [with_vintage, with_radar]})


def identified(data: bytes, version: int) -> Append:
    return Append(f"person-{version}", 0, [event(f"person-{version}", data=data, kind=KIND, version=version)])


def test_every_old_schema_version_is_read_as_the_current_one(upcasting: UpcastingStore) -> None:
    upcasting.append_many(
        [
            identified(b'{"person":"p1","qpv":"Perseigne"}', 1),
            identified(b'{"person":"p2","qpv":{"vintage":2024,"name":"Perseigne"}}', 2),
            identified(b'{"person":"p3","qpv":null,"radar":true}', 3),
        ]
    )
    read = all_events(upcasting)
    assert [data_of(event, PersonIdentified) for event in read] == [
        PersonIdentified("p1", Qpv(2014, "Perseigne"), False),
        PersonIdentified("p2", Qpv(2024, "Perseigne"), False),
        PersonIdentified("p3", None, True),
    ]
    assert {event.dataschema for event in read} == {f"urn:parcours:{KIND}:3"}
    assert [upcasting.read_stream(event.subject)[0].data == event.data for event in read] == [True] * 3
    assert [event.previous for event in read] == [0, *(event.position for event in read[:-1])]


def test_upcasting_does_not_change_the_stored_events(store: EventStore, upcasting: UpcastingStore) -> None:
    upcasting.append(identified(b'{"person":"p1","qpv":"Perseigne"}', 1))
    upcasting.read_all(0)
    (raw,) = store.read_all(0)
    assert bytes(raw.data) == b'{"person":"p1","qpv":"Perseigne"}'
    assert raw.dataschema == f"urn:parcours:{KIND}:1"


def test_events_without_upcasts_are_returned_unchanged(store: EventStore, upcasting: UpcastingStore) -> None:
    upcasting.append(append("a", 0, 3))
    assert [msgspec.json.encode(event) for event in upcasting.read_all(0)] == [msgspec.json.encode(event) for event in store.read_all(0)]
    assert (upcasting.head(), upcasting.wait(0, 0)) == (store.head(), True)


def test_the_log_stores_the_exact_bytes_of_the_writer(store: EventStore, tmp_path: Path) -> None:
    spaced = b'{ "person" : "p1" ,  "qpv":null}'
    store.append(identified(spaced, 1))
    assert bytes(store.read_all(0)[0].data) == spaced
