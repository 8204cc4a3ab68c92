"""Followers who wait for an event: who is gone is found out for all of them at once, and a crowd is woken a few at a time."""

from collections.abc import Callable
from threading import Event, Thread

import pytest

from services.gateway.feed import AT_ONCE, Feed
from tests.harness.world import World
from tests.processes import eventually
from tests.unit.gateway.test_feed import drained


def waiting(feed: Feed, count: int, gone: Callable[[], bool] = lambda: False) -> list[Thread]:
    """Threads that wait for an event, once all of them do."""
    followers = [Thread(target=feed.wait, args=(feed.head, 60, gone)) for _ in range(count)]
    for follower in followers:
        follower.start()
    eventually(lambda: len(feed.waiting) >= count, "all wait")
    return followers


def test_who_waits_and_is_gone_is_woken_by_a_look_and_nobody_else(world: World) -> None:
    world.feed.start()
    left, stay = Event(), waiting(world.feed, 2)
    leaving = waiting(world.feed, 3, left.is_set)
    world.feed.look()
    assert len(world.feed.waiting) == 5
    left.set()
    world.feed.look()
    for follower in leaving:
        follower.join(10)
        assert not follower.is_alive()
    assert len(world.feed.waiting) == 2
    world.meet()
    drained(world.feed)
    for follower in stay:
        follower.join(10)
        assert not follower.is_alive()


def test_an_event_wakes_a_crowd_a_few_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise everybody else would wait until the whole crowd has been served."""
    world.feed.start()
    turns: list[int] = []
    crowd = waiting(world.feed, 5 * AT_ONCE)
    monkeypatch.setattr("services.gateway.feed.time.sleep", lambda seconds: turns.append(len(world.feed.waiting)))
    world.meet()
    drained(world.feed)
    monkeypatch.undo()
    for follower in crowd:
        follower.join(10)
    assert turns == [4 * AT_ONCE, 3 * AT_ONCE, 2 * AT_ONCE, AT_ONCE, 0]
