"""One call in ten is done, wholly or up to somewhere, and reported as timed out: who asks again finds everything recorded once."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from random import Random
from typing import Any, TypeVar
from uuid import UUID, uuid5

import pytest

from services.vocabulary.calendar import ZONE
from services.vocabulary.french import VALIDATION
from shared.command_batch import handle_many
from shared.command_handler import Answer, CommandHandler, event_id
from shared.errors import Conflict, Fault, Unavailable
from shared.message import Actor, CommandMessage
from shared.store.port import Append, Appended, EventStore
from shared.trust.access import Identity, Permissions
from tests.contract.store.whole import assert_whole
from tests.contract.store.writing import NAMESPACE, append, batch, everything, open_store
from tests.unit.shared import counter

NOW = datetime(2024, 5, 2, 9, 30, tzinfo=UTC)
COACH = Identity(Actor("c-1", "coach", "etape"), ("alencon",))
COUNTERS, STEPS = 12, 5
T = TypeVar("T")


class LosesAnswers:
    """A log behind a line that breaks: what was asked is done, and nobody hears of it."""

    def __init__(self, store: EventStore, seed: int) -> None:
        self.store = store
        self.chance = Random(seed)
        self.lock = threading.Lock()
        self.lost = 0

    def append(self, append: Append) -> Appended:
        answer = self.store.append(append)
        if self.breaks():
            raise Unavailable("timed out")
        return answer

    def append_many(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        """A log that commits one by one, as KurrentDB does, may have done a first part alone."""
        if not self.breaks():
            return self.store.append_many(appends)
        self.store.append_many(appends[: self.chance.choice([len(appends), len(appends) // 2])])
        raise Unavailable("timed out")

    def breaks(self) -> bool:
        with self.lock:
            broken = self.chance.random() < 0.1
            self.lost += broken
        return broken

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


@pytest.fixture
def lossy(store: EventStore, address: str) -> Iterator[list[LosesAnswers]]:
    """Two processes' worth of them, on one log."""
    other = open_store(address)
    stores = [LosesAnswers(store, 1), LosesAnswers(other, 2)]
    yield stores
    assert all(each.lost for each in stores)
    other.close()


def insisted(call: Callable[[], T]) -> T:
    while True:
        try:
            return call()
        except Unavailable:
            continue


def test_appends_retried_after_lost_answers_are_recorded_once(store: EventStore, lossy: list[LosesAnswers]) -> None:
    def write(worker: int) -> list[Appended]:
        return [insisted(lambda: lossy[worker % 2].append(batch(worker, number))) for number in range(25)]  # noqa: B023  (called at once)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(write, range(4)))
    assert [[answer.version for answer in told] for told in answers] == [list(range(3, 76, 3))] * 4
    assert_whole(everything(store))
    assert {event.id for event in everything(store)} == {
        event.id for worker in range(4) for number in range(25) for event in batch(worker, number).events
    }
    places = {event.id: event.position for event in everything(store)}
    assert [[places[batch(worker, number).events[-1].id] for number in range(25)] for worker in range(4)] == [
        [answer.position for answer in told] for told in answers
    ]


def test_groups_of_appends_retried_after_lost_answers_are_recorded_once(store: EventStore, lossy: list[LosesAnswers]) -> None:
    groups = [[append(f"s{index}", number, 1) for index in range(6)] for number in range(30)]
    for number, group in enumerate(groups):
        outcomes = insisted(lambda: lossy[number % 2].append_many(group))  # noqa: B023  (called at once)
        assert [outcome.version for outcome in outcomes if isinstance(outcome, Appended)] == [number + 1] * 6
    assert_whole(everything(store))
    assert len(everything(store)) == 180


def command(name: int, step: int) -> CommandMessage:
    id = uuid5(NAMESPACE, f"count {name} {step}")
    return CommandMessage(
        id=id, type="Count", actor=COACH.actor, territory="alencon", time=NOW, data={"name": str(name), "step": counter.LIMIT // STEPS}
    )


def handler(store: Any) -> CommandHandler:
    return CommandHandler([counter.decider], store, Permissions({("coach", "Count"): "territory"}), lambda: NOW, ZONE, VALIDATION)


def assert_counted(store: EventStore) -> None:
    """Each command left its events once, and the last of a counter left two."""
    log = everything(store)
    assert_whole(log)
    left: dict[tuple[UUID, str], list[UUID]] = {}
    for event in log:
        left.setdefault((event.commandid, event.subject), []).append(event.id)
    assert {id for id, _ in left} == {command(name, step).id for name in range(COUNTERS) for step in range(STEPS)}
    assert all(ids == [event_id(id, stream, index) for index in range(len(ids))] for (id, stream), ids in left.items())
    assert sorted(len(ids) for ids in left.values()) == [1] * (COUNTERS * (STEPS - 1)) + [2] * COUNTERS


def test_commands_retried_after_lost_answers_are_decided_once(store: EventStore, lossy: list[LosesAnswers]) -> None:
    """Two services race on each counter, so some answers are lost and some are conflicts."""
    handlers = [handler(each) for each in lossy]

    def send(name: int, step: int) -> Answer:
        return insisted(lambda: handlers[step % 2].handle(command(name, step), COACH))

    sent = [(name, step) for name in range(COUNTERS) for step in range(STEPS)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda asked: send(*asked), sent))
    assert_counted(store)
    assert answers == [handlers[0].handle(command(*asked), COACH) for asked in sent]


def test_batches_of_commands_retried_after_lost_answers_are_decided_once(store: EventStore, lossy: list[LosesAnswers]) -> None:
    handlers = [handler(each) for each in lossy]
    for name in range(COUNTERS):
        for half in ([0, 1, 2], [2, 3, 4]):  # one command in both
            messages = [(command(name, step), COACH) for step in half]
            assert [type(answer) for answer in sent_again(handlers[name % 2], messages)] == [Answer] * 3
    assert_counted(store)


def sent_again(handler: CommandHandler, messages: list[tuple[CommandMessage, Identity]]) -> list[Answer | Fault]:
    """A batch of which one command, or the end, is unavailable is sent again whole."""
    while True:
        answers = insisted(lambda: handle_many(handler, messages))
        if not any(isinstance(answer, Unavailable) for answer in answers):
            return answers
