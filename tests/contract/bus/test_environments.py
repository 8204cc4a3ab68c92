"""Environments on one broker, each with its own log: none hears of another's events, dead letters or stream."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from uuid import UUID

import pytest

from shared.bus.dead_letter_file import FileDeadLetters
from shared.bus.dead_letters import dead_letters
from shared.bus.inbox_consumer import InboxConsumer
from shared.bus.names import Names
from shared.bus.policy_inbox import PolicyInbox
from shared.bus.relay import Relay
from shared.bus.tail import tail
from shared.bus.topology import is_embedded
from shared.message import EventMessage
from tests.contract.bus.running import SERVICE, Bus
from tests.processes import eventually

ENVIRONMENTS = ("", "production", "rehearsal")


class ListeningInbox(PolicyInbox):
    """It remembers what messages announced, whether the log has it or not."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(SERVICE, bus.store, bus.checkpoints, bus.recorder.react)
        self.announced: set[UUID] = set()

    def receive(self, events: Sequence[EventMessage]) -> None:
        self.announced |= {event.id for event in events}
        super().receive(events)


class Environment(Bus):
    """A log, a relay and an inbox under names of their own."""

    def __init__(self, uri: str, folder: Path, environment: str) -> None:
        folder.mkdir()
        super().__init__(uri, folder)
        self.names = Names(environment)
        self.dead_letters = dead_letters(uri, (SERVICE,), folder / "dead.sqlite", self.names)
        self.inbox = ListeningInbox(self)
        file = self.dead_letters if isinstance(self.dead_letters, FileDeadLetters) else None
        consumer = self.start(InboxConsumer(self.inbox, self.checkpoints, uri, file, self.names))
        eventually(lambda: consumer.caught_up, "the inbox listens")
        self.start(Relay(self.store, self.checkpoints, uri, self.names))

    def heard_all(self) -> bool:
        return set() < self.inbox.announced <= {event.id for event in self.recorder.events} == self.recorded

    @property
    def recorded(self) -> set[UUID]:
        return {event.id for event in self.store.read_all(0)}


@pytest.fixture(params=["rabbitmq", "embedded"])
def environments(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[Environment]]:
    uri: str = request.getfixturevalue("rabbitmq_uri") if request.param == "rabbitmq" else "embedded://localhost"
    started = [Environment(uri, tmp_path / (name or "sole"), name) for name in ENVIRONMENTS]
    yield started
    for each in started:
        each.close()


def test_each_environment_hears_of_its_own_events_alone(environments: list[Environment]) -> None:
    for number, each in enumerate(environments):
        each.record(3 + number)
    for each in environments:
        eventually(each.heard_all, f"all events of {each.names}, and no other")
        if not is_embedded(each.uri):
            assert {event.id for _, event in islice(tail(each.uri, "first", each.names.feed), len(each.recorded))} == each.recorded


def test_each_environment_has_its_own_dead_letters(environments: list[Environment]) -> None:
    for each in environments:
        position = each.store.head() + 1
        each.recorder.faults[position] = ValueError("never")
        each.record(1)
    for each in environments:
        letters = eventually(each.dead_letters.list, f"the dead letter of {each.names}")
        assert {letter.event.id for letter in letters} == each.recorded
    first, *others = environments
    first.recorder.faults.clear()
    assert first.dead_letters.replay() == 1
    eventually(lambda: {event.id for event in first.recorder.events} == first.recorded, "the replayed event is handled")
    assert [len(each.dead_letters.list()) for each in others] == [1, 1]
