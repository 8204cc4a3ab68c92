"""Tickets of the feed: each opens one stream, and only who hears that stream resumes it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

import pytest

from services.gateway.stream_tickets import OPEN_WITHIN_S
from shared.message import Actor
from shared.time import now
from shared.trust.access import Identity
from tests.harness.world import World
from tests.unit.gateway.test_feed import drained, received


def ticket(world: World, role: str = "auditor", query: str = "", **more: Any) -> str:
    answer = world.ask("POST", f"/v1/stream-tickets?{query}", role=role, **more)
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    assert answer.json["stream"] == f"/v1/stream?ticket={answer.json['ticket']}"
    return str(answer.json["ticket"])


def status(world: World, text: str, last: str = "", more: str = "") -> int:
    headers = {"Last-Event-ID": last} if last else {}
    return world.get(f"/v1/stream?ticket={text}{more}", role=None, headers=headers).status_code


def opened(world: World, text: str, last: str = "") -> Iterator[bytes]:
    answer = world.get(f"/v1/stream?ticket={text}", role=None, headers={"Last-Event-ID": last} if last else {})
    assert answer.status_code == 200, answer.text
    return cast(Iterator[bytes], iter(answer.response))


def last_id(chunk: bytes) -> str:
    return [line.removeprefix(b"id: ").decode() for line in chunk.splitlines() if line.startswith(b"id: ")][-1]


def test_a_ticket_opens_one_stream_with_its_own_filters(world: World) -> None:
    world.feed.start()
    text = ticket(world, query="after=0&type=intake&territory=flers")
    world.meet(territory="alencon")
    there = world.meet(territory="flers")
    drained(world.feed)
    assert [event["position"] for event in received(opened(world, text), 1)] == [there]
    assert status(world, text) == 401
    assert status(world, text, last="0") == 401


def test_the_stream_is_resumed_with_what_it_told_and_not_with_the_address(world: World) -> None:
    world.feed.start()
    text, other = ticket(world), ticket(world)
    first = last_id(next(opened(world, text)))
    missed = world.meet()
    drained(world.feed)
    assert [event["position"] for event in received(opened(world, text, first), 1)] == [missed]
    position, _, proof = first.rpartition("-")
    for guess in (position, f"{position}-", f"{position}-{'0' * len(proof)}", last_id(next(opened(world, other)))):
        assert status(world, text, last=guess) == 401, guess
    assert status(world, text, last=f"x-{proof}") == 400


def test_every_event_of_the_stream_tells_an_id_that_resumes_it(world: World) -> None:
    world.feed.start()
    chunks = opened(world, text := ticket(world))
    next(chunks)
    first, second = world.meet(), world.meet()
    drained(world.feed)
    frames = next(chunks).decode().split("\n\n")
    assert [frame.split("-")[0] for frame in frames if frame] == [f"id: {first}", f"id: {second}"]
    after_first = frames[0].splitlines()[0].removeprefix("id: ")
    assert [event["position"] for event in received(opened(world, text, after_first), 1)] == [second]


def test_a_ticket_is_opened_soon_by_the_process_that_has_lived_since_and_not_after_the_session(world: World) -> None:
    world.feed.start()
    tickets, text = world.app.stream.tickets, ticket(world)
    tickets.clock = lambda: now() + timedelta(seconds=OPEN_WITHIN_S + 1)
    assert status(world, text) == 401
    tickets.clock = now
    tickets.started += 60
    assert status(world, text) == 401
    tickets.started -= 60
    first = last_id(next(opened(world, text)))
    tickets.clock = lambda: now() + timedelta(hours=1)
    assert status(world, text, last=first) == 401


def test_a_stream_ends_with_the_session_of_its_ticket(world: World) -> None:
    world.feed.start()
    chunks = opened(world, ticket(world))
    next(chunks)
    world.app.stream.tickets.clock = lambda: now() + timedelta(hours=1)
    assert list(chunks) == []


def test_a_ticket_is_good_for_nothing_else_and_nothing_else_is_a_ticket(world: World) -> None:
    world.feed.start()
    text = ticket(world)
    assert world.get("/v1/events", role=None, headers={"Authorization": f"Bearer {text}"}).status_code == 401
    assert world.get(f"/v1/events?ticket={text}", role=None).status_code in {400, 401}
    for odd in (world.token("auditor"), "x", text[:-1], f"{text}0", "é", "." + "0" * 32):
        assert status(world, odd) == 400, odd
    for forged in (text.replace(".", "A.", 1), f"{text[:20]}{'B' if text[20] == 'A' else 'A'}{text[21:]}", "A." + "0" * 32):
        assert status(world, forged) == 401, forged
    assert status(world, text, more="&after=0") == 400
    assert status(world, text) == 200


def test_who_may_not_follow_the_feed_gets_no_ticket(world: World) -> None:
    assert world.ask("POST", "/v1/stream-tickets", role="stranger").status_code == 403
    assert world.ask("POST", "/v1/stream-tickets", role=None).status_code == 401
    assert world.ask("POST", "/v1/stream-tickets?territory=paris").status_code == 400


def test_a_reader_of_masked_figures_is_told_no_position_by_the_first_id(world: World) -> None:
    world.feed.start()
    world.meet()
    drained(world.feed)
    first = last_id(next(opened(world, text := ticket(world, role="committee", territories=("alencon",)))))
    assert first.startswith("-")
    assert status(world, text, last=first) == 200


def test_the_ticket_of_a_session_ends_with_it(world: World) -> None:
    token = world.components.trust.sessions_signer.sign(Identity(Actor("a-1", "auditor"), ("*",)), timedelta(seconds=10))
    answer = world.ask("POST", "/v1/stream-tickets", role=None, headers={"Authorization": f"Bearer {token}"})
    assert answer.json is not None
    assert answer.json["open_until"] == answer.json["resume_until"]


@pytest.mark.parametrize("accept", ["text/event-stream", "text/event-stream, */*"])
def test_a_browser_is_told_to_come_back_while_the_feed_is_not_there(world: World, accept: str) -> None:
    """EventSource takes any problem for the end. Its ticket is not spent."""
    text = ticket(world)
    answer = world.get(f"/v1/stream?ticket={text}", role=None, headers={"Accept": accept})
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "text/event-stream", b"retry: 2000\n\n")
    assert status(world, text) == 503
    world.feed.start()
    assert status(world, text) == 200
