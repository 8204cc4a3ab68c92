"""Any lines of one request are answered, and recorded, as if each had come alone, one after the other."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import Fault
from shared.message import Actor, CommandMessage, EventMessage
from shared.stream_memory import StreamMemory
from shared.trust.access import Identity
from shared.trust.personal.marks import Personal
from tests.harness.world import World, met

Outline = tuple[str, int, int]  # what is asked, of which person, and under which earlier line's id
COACH = Actor("coach-1", "coach", "etape")
PERSONS = 3
ASKED = {
    "IdentifyPerson": {key: value for key, value in met("").items() if key != "person"},
    "OpenJourney": {"referent": "coach-1"},
    "HoldInterview": {"mode": "PRESENTIEL", "minutes": 40},
    "ReplaceReferent": {"referent": "coach-2", "reason": "DEMANDE"},
    "CloseContact": {"reason": "DECES"},
    "TransferPerson": {"to_territory": "flers"},
    "ExitJourney": {"exit_on": "2023-03-07", "reason": "ABANDON", "outcomes": []},
    "HoldInterview, wrong": {"mode": "FUSEE"},
    "Unheard": {},
    "no JSON": {},
}
OUTLINES = st.lists(st.tuples(st.sampled_from([*ASKED]), st.integers(0, PERSONS - 1), st.integers(-40, 8)), min_size=1, max_size=24)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, World]]:
    together, alone = World(tmp_path_factory.mktemp("together")), World(tmp_path_factory.mktemp("alone"))
    yield together, alone
    together.components.store.close()
    alone.components.store.close()


def line(space: UUID, number: int, outline: Outline) -> str:
    """A line under an id of its own, or under that of an earlier line about the same person."""
    asked, person, again = outline
    id = uuid5(space, f"{person} {again}" if 0 <= again < number else f"line {number}")
    data = {"person": str(uuid5(space, str(person))), **ASKED[asked]}
    told = {
        "id": str(id),
        "type": asked.partition(",")[0],
        "territory": "alencon",
        "time": f"2023-03-{7 + number % 2:02}T10:00:00Z",
        "data": data,
    }
    return "{" if asked == "no JSON" else json.dumps(told)


def replies(world: World, lines: Sequence[str]) -> list[dict[str, Any]]:
    """Without what the log alone decides, and without the numbers of lines."""
    answer = world.ask("POST", "/v1/commands", data="\n".join(lines), content_type="application/x-ndjson")
    told = [json.loads(each) for each in answer.data.splitlines()]
    assert [each.pop("line") for each in told] == list(range(1, len(lines) + 1))
    for each in told:
        each.get("accepted", {}).pop("position", None)
    return told


def recorded(world: World, streams: Sequence[str]) -> list[list[tuple[str, UUID, int, dict[str, Any]]]]:
    """What is read of it: what is encrypted is not the same twice, under keys that no two worlds share."""
    read = world.components.store.read_streams(streams)
    return [[(event.kind, event.commandid, event.streamversion, in_clear(world, event)) for event in read[stream]] for stream in streams]


def in_clear(world: World, event: EventMessage) -> dict[str, Any]:
    data = world.components.personal.opening.opened(event.kind, str(event.id), msgspec.json.decode(event.data), [*Personal])
    assert b"March" not in bytes(event.data)
    assert b"sealed" not in json.dumps(data).encode()
    return data


def decided(world: World, space: UUID, number: int, outline: Outline) -> list[object]:
    """The answer of one command, or the name of its fault."""
    if outline[0] in {"no JSON", "Unheard"}:
        return []
    asked = json.loads(line(space, number, outline))
    message = CommandMessage(
        id=UUID(asked["id"]),
        type=asked["type"],
        actor=COACH,
        territory="alencon",
        time=datetime.fromisoformat(asked["time"]),
        data=asked["data"],
        digest=str(asked["data"]),
    )
    handler = next(each for each in world.components.handlers.values() if message.type in each.command_types)
    try:
        answer = handler.handle(message, Identity(COACH, ("*",)))
    except Fault as fault:
        return [type(fault), str(fault)]
    return [answer.command, answer.stream, answer.version, answer.events]


LAW = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], print_blob=True
)


@LAW
@given(OUTLINES)
def test_lines_are_answered_as_if_each_had_come_alone(worlds: tuple[World, World], outlines: list[Outline]) -> None:
    together, alone = worlds
    space = uuid4()
    lines = [line(space, number, outline) for number, outline in enumerate(outlines)]
    assert replies(together, lines) == [reply for each in lines for reply in replies(alone, [each])]
    streams = [f"{kind}-{uuid5(space, str(person))}" for kind in ("person", "journey") for person in range(PERSONS)]
    assert recorded(together, streams) == recorded(alone, streams)


@LAW
@given(OUTLINES, st.integers(1, 8))
def test_what_is_remembered_of_streams_changes_no_decision(worlds: tuple[World, World], outlines: list[Outline], forget: int) -> None:
    """As an import does: one world remembers its streams, and forgets them now and then."""
    remembering, alone = worlds
    space = uuid4()
    memory = StreamMemory(remembering.components.store, remembering.components.placement.persons)
    for handler in remembering.components.handlers.values():
        handler.memory = memory
    try:
        for number, outline in enumerate(outlines):
            if number % forget == 0:
                memory.clear()
            assert decided(remembering, space, number, outline) == decided(alone, space, number, outline)
    finally:
        for handler in remembering.components.handlers.values():
            handler.memory = None
    streams = [f"{kind}-{uuid5(space, str(person))}" for kind in ("person", "journey") for person in range(PERSONS)]
    assert recorded(remembering, streams) == recorded(alone, streams)
