"""The live feed with httpx-sse, through the death of the gateway: every event once, in order."""

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx_sse import connect_sse

from parcours_client import Event, FiguresMoved, Hint, Parcours, Problem, required
from parcours_client.generated.api.queries import indicators
from tests.clients.connections import client
from tests.clients.persons import TERRITORY, at, identify, new_person
from tests.processes import Product, eventually, in_one_process


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    """One of this test alone: it is killed."""
    with in_one_process(tmp_path) as started:
        yield started


class Follower:
    """Follows the feed in a thread."""

    def __init__(self, parcours: Parcours, after: int | None = None, **filters: Any) -> None:
        self.subscription = parcours.follow(after, **filters)
        self.heard: list[Event | Hint] = []
        self.ended: Problem | None = None
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        try:
            for event in self.subscription:
                self.heard.append(event)
        except Problem as problem:
            self.ended = problem

    @property
    def positions(self) -> list[int]:
        return [event.position for event in self.heard]


def recorded(product: Product, after: int = 0) -> list[int]:
    """The positions in the log, read from the log itself."""
    return [json.loads(line)["position"] for line in product.tool("history", "--after", str(after)).stdout.splitlines()]


def meet(parcours: Parcours, count: int) -> None:
    for _ in range(count):
        parcours.send(identify(new_person()), TERRITORY, time=at(0))


def load_more(product: Product, seed: int) -> None:
    """Record events while no gateway lives. One line is refused: a running system has published its definitions."""
    before = len(recorded(product))
    file = product.folder / f"{seed}.ndjson"
    file.write_text(product.tool("generate", "--persons", "3", "--seed", str(seed)).stdout)
    product.tool("load", str(file))
    assert len(recorded(product)) > before


def kill_and_start(product: Product, seed: int) -> None:
    """SIGKILL, some history that is recorded meanwhile, and a new process."""
    process = product.processes["serve"]
    process.end(signal.SIGKILL)
    load_more(product, seed)
    process.start()
    product.ready()


def test_every_event_is_heard_once_through_the_death_of_the_gateway(product: Product) -> None:
    with client(product, "auditor") as auditor, client(product, "coach") as coach:
        follower = Follower(auditor, after=0)
        for seed in range(1, 4):
            writer = threading.Thread(target=meet, args=(coach, 30))
            writer.start()
            eventually(lambda: follower.heard)
            kill_and_start(product, seed)
            writer.join()
        log = recorded(product)
        eventually(lambda: follower.positions[-1:] == log[-1:], "the last event is heard")
        assert follower.positions == log
        assert len(log) > 90


def test_who_begins_now_loses_nothing_though_the_gateway_dies_before_the_first_event(product: Product) -> None:
    with client(product, "auditor") as auditor, client(product, "coach") as coach:
        meet(coach, 3)
        head = recorded(product)[-1]
        follower = Follower(auditor)
        eventually(lambda: follower.subscription.position == head, "the stream says where it begins")
        kill_and_start(product, 1)
        meet(coach, 1)
        log = recorded(product, after=head)
        eventually(lambda: follower.positions[-1:] == log[-1:])
        assert follower.positions == log


def test_figures_that_moved_are_heard_when_they_can_be_read(product: Product) -> None:
    with client(product, "coach") as coach, client(product, "coordinator") as coordinator:
        before = coach.send(identify(new_person()), TERRITORY, time=at(0)).position
        heard = iter(coordinator.follow_figures(before))
        position = coach.send(identify(new_person()), TERRITORY, time=at(0)).position
        message = next(heard)
        assert isinstance(message, FiguresMoved)
        assert message.position == position
        assert ("people_met", TERRITORY) in {(cell.indicator, cell.territory) for cell in message.cells}
        figures = indicators.sync(client=coordinator.operations, territory=TERRITORY, quarter=message.cells[0].quarter)
        assert required(figures).position >= position


def test_a_filter_holds_through_a_restart(product: Product) -> None:
    with client(product, "auditor") as auditor, client(product, "coach") as coach:
        follower = Follower(auditor, after=0, types=["intake.PersonIdentified"], territories=[TERRITORY])
        meet(coach, 2)
        eventually(lambda: len(follower.heard) >= 2)
        kill_and_start(product, 1)
        meet(coach, 1)
        events = [event for event in auditor.events() if isinstance(event, Event)]
        log = [event for event in events if event.type_.endswith(".PersonIdentified") and event.territory == TERRITORY]
        eventually(lambda: follower.positions[-1:] == [log[-1].position])
        assert follower.positions == [event.position for event in log]


def test_the_end_of_waiting_is_a_problem(product: Product) -> None:
    with Parcours(product.url, "no-token") as nobody:
        follower = Follower(nobody)
        eventually(lambda: follower.ended)
    assert follower.ended
    assert follower.ended.status == 401
    with client(product, "auditor") as auditor, pytest.raises(Problem) as beyond:
        next(iter(auditor.follow(after=10**15)))
    assert beyond.value.code == "no_such_place"


def test_plain_httpx_sse_resumes_with_the_last_id(product: Product) -> None:
    """What the document promises to any client of server-sent events: an id before the first event, and the position as the id of each."""
    headers = {"Authorization": f"Bearer {product.token('auditor')}"}
    with client(product, "coach") as coach, httpx.Client(base_url=product.url, headers=headers, timeout=30) as http:
        meet(coach, 2)
        head = recorded(product)[-1]
        with connect_sse(http, "GET", "/v1/stream") as source:
            first = next(frame for frame in source.iter_sse() if frame.id)
        assert (first.id, first.data) == (str(head), "")
        kill_and_start(product, 1)
        log = recorded(product, after=head)
        with connect_sse(http, "GET", "/v1/stream", headers={"Last-Event-ID": first.id}) as source:
            told = (frame for frame in source.iter_sse() if frame.data)
            frames = [next(told) for _ in log]
        assert [int(frame.id) for frame in frames] == [json.loads(frame.data)["position"] for frame in frames] == log
