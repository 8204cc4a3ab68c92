"""One call in ten is made, completely or in part, and reported as timed out: after a retry, everything is recorded once."""

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
from shared.admission import Admission
from shared.command_batch import handle_many
from shared.command_handler import CommandHandler, event_id
from shared.command_type import Answer
from shared.errors import Conflict, Fault, Unavailable
from shared.message import Actor, CommandMessage
from shared.store.port import Append, Appended, EventStore
from shared.trust.access import Identity, Permissions
from tests.contract.store.invariants import assert_log_invariants
from tests.contract.store.writing import NAMESPACE, all_events, append, numbered_batch, open_store
from tests.unit.shared import counter

NOW = datetime(2024, 5, 2, 9, 30, tzinfo=UTC)
COACH = Identity(Actor("c-1", "coach", "etape"), ("alencon",))
COUNTERS, STEPS = 12, 5
T = TypeVar("T")


class LosesAnswers:
    """A log on an unreliable network: sometimes a call is made but its answer is lost."""

    def __init__(self, store: EventStore, seed: int) -> None:
        self.store = store
        self.random = Random(seed)
        self.lock = threading.Lock()
        self.lost = 0

    def append(self, append: Append) -> Appended:
        answer = self.store.append(append)
        if self.loses_answer():
            raise Unavailable("timed out")
        return answer

    def append_many(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        """A log with one commit for each append, as KurrentDB, may have made only the first part of them."""
        if not self.loses_answer():
            return self.store.append_many(appends)
        self.store.append_many(appends[: self.random.choice([len(appends), len(appends) // 2])])
        raise Unavailable("timed out")

    def loses_answer(self) -> bool:
        with self.lock:
            lost = self.random.random() < 0.1
            self.lost += lost
        return lost

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


@pytest.fixture
def lossy(store: EventStore, address: str) -> Iterator[list[LosesAnswers]]:
    """Two stores on one log, as of two processes."""
    other = open_store(address)
    stores = [LosesAnswers(store, 1), LosesAnswers(other, 2)]
    yield stores
    assert all(each.lost for each in stores)
    other.close()


def retried(call: Callable[[], T]) -> T:
    """Make a call again as long as it is unavailable."""
    while True:
        try:
            return call()
        except Unavailable:
            continue


def test_appends_retried_after_lost_answers_are_recorded_once(store: EventStore, lossy: list[LosesAnswers]) -> None:
    def write(worker: int) -> list[Appended]:
        return [retried(lambda: lossy[worker % 2].append(numbered_batch(worker, number))) for number in range(25)]  # noqa: B023  (called at once)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(write, range(4)))
    assert [[answer.version for answer in versions] for versions in answers] == [list(range(3, 76, 3))] * 4
    assert_log_invariants(all_events(store))
    assert {event.id for event in all_events(store)} == {
        event.id for worker in range(4) for number in range(25) for event in numbered_batch(worker, number).events
    }
    positions = {event.id: event.position for event in all_events(store)}
    assert [[positions[numbered_batch(worker, number).events[-1].id] for number in range(25)] for worker in range(4)] == [
        [answer.position for answer in versions] for versions in answers
    ]


def test_groups_of_appends_retried_after_lost_answers_are_recorded_once(store: EventStore, lossy: list[LosesAnswers]) -> None:
    groups = [[append(f"s{index}", number, 1) for index in range(6)] for number in range(30)]
    for number, group in enumerate(groups):
        outcomes = retried(lambda: lossy[number % 2].append_many(group))  # noqa: B023  (called at once)
        assert [outcome.version for outcome in outcomes if isinstance(outcome, Appended)] == [number + 1] * 6
    assert_log_invariants(all_events(store))
    assert len(all_events(store)) == 180


def command(name: int, step: int) -> CommandMessage:
    id = uuid5(NAMESPACE, f"count {name} {step}")
    return CommandMessage(
        id=id, type="Count", actor=COACH.actor, territory="alencon", time=NOW, data={"name": str(name), "step": counter.LIMIT // STEPS}
    )


def handler_on(store: Any) -> CommandHandler:
    return CommandHandler(
        [counter.decider], store, Permissions({("coach", "Count"): "territory"}), Admission(lambda: NOW, ZONE, VALIDATION)
    )


def assert_counted(store: EventStore) -> None:
    """Assert that each command recorded its events once. The last command of a counter records two events, the others one."""
    log = all_events(store)
    assert_log_invariants(log)
    recorded: dict[tuple[UUID, str], list[UUID]] = {}
    for event in log:
        recorded.setdefault((event.commandid, event.subject), []).append(event.id)
    assert {id for id, _ in recorded} == {command(name, step).id for name in range(COUNTERS) for step in range(STEPS)}
    assert all(ids == [event_id(id, stream, index) for index in range(len(ids))] for (id, stream), ids in recorded.items())
    assert sorted(len(ids) for ids in recorded.values()) == [1] * (COUNTERS * (STEPS - 1)) + [2] * COUNTERS


def test_commands_retried_after_lost_answers_are_decided_once(store: EventStore, lossy: list[LosesAnswers]) -> None:
    """Two services compete for each counter, so some answers are lost and some are conflicts."""
    handlers = [handler_on(each) for each in lossy]

    def send(name: int, step: int) -> Answer:
        return retried(lambda: handlers[step % 2].handle(command(name, step), COACH))

    sent = [(name, step) for name in range(COUNTERS) for step in range(STEPS)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: send(*one), sent))
    assert_counted(store)
    assert answers == [handlers[0].handle(command(*one), COACH) for one in sent]


def test_batches_of_commands_retried_after_lost_answers_are_decided_once(store: EventStore, lossy: list[LosesAnswers]) -> None:
    handlers = [handler_on(each) for each in lossy]
    for name in range(COUNTERS):
        for half in ([0, 1, 2], [2, 3, 4]):  # one command in both
            messages = [(command(name, step), COACH) for step in half]
            assert [type(answer) for answer in handle_until_answered(handlers[name % 2], messages)] == [Answer] * 3
    assert_counted(store)


def handle_until_answered(handler: CommandHandler, messages: list[tuple[CommandMessage, Identity]]) -> list[Answer | Fault]:
    """Send a batch again as long as the call, or one of its commands, is unavailable."""
    while True:
        answers = retried(lambda: handle_many(handler, messages))
        if not any(isinstance(answer, Unavailable) for answer in answers):
            return answers
