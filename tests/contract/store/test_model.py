"""Any sequence of calls leaves a log that a list and a dictionary predict."""

from random import Random
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from shared.errors import Conflict
from shared.store.port import Append, Appended, EventStore
from tests.contract.store.writing import append


class Model:
    """A log in memory: what each stream holds, and the order of it all."""

    def __init__(self) -> None:
        self.streams: dict[str, list[str]] = {}
        self.order: list[str] = []

    def append(self, asked: Append) -> int | None:
        """The version of the stream after it, or None for a conflict."""
        held = self.streams.setdefault(asked.stream, [])
        ids = [str(event.id) for event in asked.events]
        if held[asked.expected : asked.expected + len(ids)] == ids:
            return asked.expected + len(ids)
        if len(held) != asked.expected:
            return None
        held += ids
        self.order += ids
        return len(held)


class LogMachine(RuleBasedStateMachine):
    def __init__(self, store: EventStore) -> None:
        super().__init__()
        self.store = store
        self.model = Model()
        self.asked: list[Append] = []

    @initialize()
    def begin(self) -> None:
        self.start = self.store.head()
        self.run = uuid4().hex

    def made(self, name: str, drift: int, size: int) -> Append:
        stream = f"{self.run}-{name}"
        self.asked.append(append(stream, max(0, len(self.model.streams.get(stream, [])) + drift), size))
        return self.asked[-1]

    @rule(name=st.sampled_from("abc"), drift=st.sampled_from([0, 0, 0, -1, 1, -2]), size=st.integers(1, 3))
    def append(self, name: str, drift: int, size: int) -> None:
        self.agree([self.made(name, drift, size)])

    @rule(parts=st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from([0, 0, -1, 2]), st.integers(1, 2)), max_size=5))
    def append_many(self, parts: list[tuple[str, int, int]]) -> None:
        self.agree([self.made(*part) for part in parts])

    @rule(choice=st.randoms(use_true_random=False))
    def append_again(self, choice: Random) -> None:
        if self.asked:
            self.agree([choice.choice(self.asked)])

    def agree(self, asked: list[Append]) -> None:
        expected = [self.model.append(append) for append in asked]
        got = self.store.append_many(asked)
        assert [outcome.version if isinstance(outcome, Appended) else None for outcome in got] == expected
        for each, outcome in zip(asked, got, strict=True):
            assert not isinstance(outcome, Conflict) or outcome.stream == each.stream

    @invariant()
    def same_log(self) -> None:
        if hasattr(self, "run"):
            read = self.store.read_all(self.start, 10_000)
            assert [str(event.id) for event in read] == self.model.order
            assert [event.previous for event in read] == [self.start, *(event.position for event in read)][: len(read)]

    @rule(name=st.sampled_from("abcd"), after=st.integers(0, 5))
    def read_stream(self, name: str, after: int) -> None:
        stream = f"{self.run}-{name}"
        read = self.store.read_stream(stream, after)
        assert [str(event.id) for event in read] == self.model.streams.get(stream, [])[after:]


def test_a_store_does_what_a_list_and_a_dictionary_predict(store: EventStore, address: str) -> None:
    class Machine(LogMachine):
        def __init__(self) -> None:
            super().__init__(store)

    examples = 15 if address.startswith("kurrentdb") else 40  # calls over the net cost more
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=examples, stateful_step_count=20, deadline=None, suppress_health_check=checks)
    )


@pytest.mark.parametrize("drift", [-1, 1])
def test_the_model_itself_sees_a_conflict(drift: int) -> None:
    model = Model()
    assert model.append(append("a", 0, 2)) == 2
    assert model.append(append("a", 2 + drift)) is None
