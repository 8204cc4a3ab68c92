"""The live feed: no gap, no repetition, no event for a client that may not see it, and no cost of slow clients."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import Any, cast

import msgspec
import pytest

from services.gateway.feed import Feed
from services.gateway.hints import hint
from services.gateway.problems import Problems
from services.gateway.stream import Stream
from services.gateway.stream_frames import OVERTAKEN
from shared.catalogue import Catalogue
from shared.errors import UnknownPosition
from shared.store.sqlite.writer import SqliteWriter
from shared.time import now
from tests.harness.samples import sample
from tests.harness.world import World, directly


def received(chunks: Iterator[bytes], count: int) -> list[dict[str, Any]]:
    """The next `count` events of a stream."""
    found: list[dict[str, Any]] = []
    for chunk in chunks:
        found += [json.loads(line[6:]) for line in chunk.splitlines() if line.startswith(b"data: ")]
        if len(found) >= count:
            return found
    return found


def opened(world: World, role: str = "auditor", *territories: str, query: str = "", last: str = "", **more: Any) -> Iterator[bytes]:
    headers = {"Last-Event-ID": last} if last else {}
    answer = world.get(f"/v1/stream?{query}", role=role, territories=territories or ("*",), headers=headers, **more)
    assert answer.status_code == 200, answer.text
    return cast(Iterator[bytes], iter(answer.response))


def small(world: World, max_events: int) -> Feed:
    """A feed that remembers little, in the place of the world's own."""
    world.feed = world.app.stream.feed = Feed(world.components.store, directly, max_events)
    return world.feed


def drained(feed: Feed) -> None:
    while feed.step(0):
        pass


def test_between_the_log_and_the_memory_nothing_is_lost_and_nothing_comes_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.gateway.feed.TRIM_SLACK", 1)
    monkeypatch.setattr("services.gateway.feed.PAGE_SIZE", 3)
    feed = small(world, max_events=5)
    early = [world.meet() for _ in range(8)]
    feed.start()
    late = []
    for _ in range(4):
        late += [world.meet() for _ in range(3)]
        drained(feed)
    assert not feed.covers(early[-1])
    seen = [event["position"] for event in received(opened(world, query="after=0&type=intake"), 20)]
    assert seen == early + late


def test_a_client_goes_on_from_the_last_id_it_has_seen(world: World) -> None:
    world.feed.start()
    positions = [world.meet() for _ in range(4)]
    drained(world.feed)
    assert [event["position"] for event in received(opened(world, last=str(positions[1])), 2)] == positions[2:]


@pytest.mark.parametrize("last", ["hier", "-1", "1e3", "٣", "9" * 19, "9" * 5_000])
def test_a_last_id_that_is_no_position_is_unreadable(world: World, last: str) -> None:
    answers = [world.get(f"/v1/stream?after={last}"), world.get(f"/v1/events?after={last}")]
    if last.isascii():
        answers.append(world.get("/v1/stream", headers={"Last-Event-ID": last}))
    for answer in answers:
        assert (answer.status_code, answer.json and answer.json["code"]) == (400, "unreadable")


def test_a_client_that_comes_from_behind_the_end_of_the_log_is_told_so(world: World) -> None:
    """The log was put back to an earlier day: what the client waits for was never recorded here."""
    world.feed.start()
    last = world.meet()
    answer = world.get("/v1/stream", headers={"Last-Event-ID": str(last + 1)})
    assert (answer.status_code, answer.json and answer.json["code"]) == (400, "no_such_place")
    assert world.get(f"/v1/stream?after={last + 1}").status_code == 400


def test_a_client_that_is_ahead_of_this_gateway_but_not_of_the_log_is_let_in(world: World) -> None:
    """It was served by another gateway, which had read further."""
    world.feed.start()
    last = world.meet()
    assert world.feed.head < last
    chunks = opened(world, last=str(last))
    next(chunks)
    now = world.meet()
    drained(world.feed)
    assert [event["position"] for event in received(chunks, 1)] == [now]


def test_a_place_that_the_log_does_not_know_is_a_problem_with_a_name() -> None:
    problem = Problems(Catalogue()).of(UnknownPosition(7))
    assert (problem.status, problem.code) == (400, "no_such_place")


def test_a_client_that_says_nothing_begins_now(world: World) -> None:
    world.meet()
    world.feed.start()
    chunks = opened(world)
    next(chunks)
    now = world.meet()
    drained(world.feed)
    assert [event["position"] for event in received(chunks, 1)] == [now]


def test_it_waits_quietly_and_says_it_is_alive(world: World) -> None:
    world.feed.start()
    stream = world.app.stream
    stream.heartbeat = 0.01
    chunks = opened(world)
    assert [next(chunks) for _ in range(2)][1].startswith(b":")
    stream.heartbeat = 5

    def write() -> None:
        world.meet()
        drained(world.feed)

    writer = Thread(target=write)
    writer.start()
    assert len(received(chunks, 1)) == 1
    writer.join()


JULY_14, JULY_16, OCTOBER_16 = (datetime(2090, month, day, 12, tzinfo=UTC) for month, day in ((7, 14), (7, 16), (10, 16)))


def recorded_at(monkeypatch: pytest.MonkeyPatch, world: World, moment: datetime, **more: Any) -> int:
    """The position of an event that is recorded at this moment."""
    monkeypatch.setattr(SqliteWriter, "clock", property(lambda writer: lambda: moment, lambda writer, clock: None), raising=False)
    return world.meet(**more)


def test_who_sees_none_of_the_events_is_told_with_each_sign_of_life_where_to_resume(world: World) -> None:
    world.feed.start()
    world.app.stream.heartbeat = 0
    chunks = opened(world, query="type=coaching.JourneyOpened")
    assert [next(chunks) for _ in range(2)][1].startswith(b":")  # it is live
    position = world.meet()
    drained(world.feed)
    frame = next(chunks)
    assert frame.startswith(b":")
    assert frame.endswith(b"\nid: %d\n\n" % position)


def test_a_committee_hears_when_a_quarter_closes_and_nothing_of_any_event(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.feed.start()
    first = recorded_at(monkeypatch, world, JULY_14, territory="flers")
    last = recorded_at(monkeypatch, world, JULY_14, territory="alencon")
    recorded_at(monkeypatch, world, JULY_16, territory="flers")
    end = recorded_at(monkeypatch, world, JULY_16, territory="flers")
    recorded_at(monkeypatch, world, OCTOBER_16, territory="flers")
    drained(world.feed)
    for role, towns in (("committee", ["alencon"]), ("funder", list(world.deps.territories))):
        expected = [msgspec.to_builtins(hint(position, town)) for position in (last, end) for town in towns]
        assert received(opened(world, role, "alencon", query=f"after={first}"), len(expected)) == expected


def test_a_committee_does_not_hear_when_an_event_is_recorded(world: World) -> None:
    world.feed.start()
    world.app.stream.heartbeat = 0
    chunks = opened(world, "committee", "alencon")
    next(chunks)
    for town in ("alencon", "flers"):
        world.meet(territory=town)
        drained(world.feed)
        assert next(chunks).startswith(b":")


@pytest.mark.parametrize("role", ["partner", "prescriber"])
def test_who_reads_masked_figures_hears_of_no_event_but_their_own(world: World, role: str) -> None:
    world.meet(territory="alencon")
    page = world.get("/v1/events", role=role, territories=("alencon",)).json
    assert page is not None
    assert page["events"] == []


def test_a_coach_hears_their_own_territory_in_full(world: World) -> None:
    world.feed.start()
    world.meet(territory="flers")
    world.meet("somebody", territory="alencon")
    drained(world.feed)
    (event,) = received(opened(world, "coach", "alencon", query="after=0&type=intake"), 1)
    assert event["data"]["person"] == "somebody"


def test_filters_keep_territories_and_types(world: World) -> None:
    world.feed.start()
    world.meet(territory="flers")
    world.meet("p-1", territory="alencon")
    world.send("OpenJourney", {"person": "p-1", "referent": "coach-1"})
    drained(world.feed)
    events = received(opened(world, query="after=0&territory=alencon&type=coaching.JourneyOpened,intake"), 2)
    assert [event["type"].rpartition(".")[2] for event in events] == ["PersonIdentified", "JourneyOpened"]


def test_a_client_that_is_overtaken_is_dropped_and_loses_nothing_when_it_comes_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.gateway.feed.TRIM_SLACK", 1)
    feed = small(world, max_events=4)
    feed.start()
    chunks = opened(world)
    next(chunks)
    world.app.stream.heartbeat = 0
    assert next(chunks).startswith(b":")  # it is live, and now stops reading
    positions = [world.meet() for _ in range(12)]
    drained(feed)
    assert list(chunks) == [OVERTAKEN]
    again = received(opened(world, query=f"after={positions[0]}"), 11)
    assert [event["position"] for event in again] == positions[1:]


def test_an_event_is_written_once_for_all_who_see_as_much_of_it(world: World) -> None:
    world.feed.start()
    world.meet()
    drained(world.feed)
    stream: Stream = world.app.stream
    event = world.feed.after(0)[0]
    assert stream.frames.data_of(event) is stream.frames.data_of(event)


def test_a_stream_ends_with_its_session_also_while_there_is_much_to_tell(world: World) -> None:
    small(world, max_events=5).start()
    for _ in range(700):
        world.meet()
    drained(world.feed)
    chunks = opened(world, query="after=0")
    assert len(received(chunks, 1)) == 500  # the first page of two
    world.app.stream.tickets.clock = lambda: now() + timedelta(hours=11)
    assert list(chunks) == []


def test_a_closed_client_is_not_counted_any_more(world: World) -> None:
    world.feed.start()
    world.app.stream.heartbeat = 0
    before = sample("parcours_gateway_stream_clients")
    chunks = iter(world.get("/v1/stream", role="auditor").response)
    next(chunks)
    assert sample("parcours_gateway_stream_clients") == before + 1
    chunks.close()  # type: ignore[attr-defined]  # it is a generator
    assert sample("parcours_gateway_stream_clients") == before


def test_a_feed_that_does_not_know_the_end_of_the_log_yet_asks_to_come_again(world: World) -> None:
    world.meet()
    for query in ("", "?after=0"):
        answer = world.get(f"/v1/stream{query}")
        assert (answer.status_code, answer.json and answer.json["code"]) == (503, "feed_not_started")
        assert answer.headers["Retry-After"]
