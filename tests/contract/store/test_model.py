"""Any interleaving of calls of two writers and a reader gives the same results as a model of the log in memory."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from shared.errors import Conflict
from shared.message import EventMessage
from shared.store.port import Append, Appended, EventStore
from tests.contract.store.invariants import assert_log_invariants
from tests.contract.store.writing import append, open_store

Call = tuple[str, int, int]  # stream, error of the expected version, number of events
CALL = st.tuples(st.sampled_from("abc"), st.sampled_from([0, 0, 0, -1, 1, -2]), st.integers(1, 3))
WRITER = st.integers(0, 1)


class Model:
    """A log in memory: the event ids of each stream, and of all streams in order."""

    def __init__(self) -> None:
        self.streams: dict[str, list[str]] = {}
        self.order: list[str] = []

    def append(self, new: Append) -> int | None:
        """Return the version of the stream afterwards, None for a conflict."""
        stream = self.streams.setdefault(new.stream, [])
        ids = ids_of(new)
        if stream[new.expected : new.expected + len(ids)] == ids:
            return new.expected + len(ids)
        if len(stream) != new.expected:
            return None
        stream += ids
        self.order += ids
        return len(stream)


def ids_of(append: Append) -> list[str]:
    return [str(event.id) for event in append.events]


def versions(outcomes: Sequence[Appended | Conflict]) -> list[int | None]:
    return [outcome.version if isinstance(outcome, Appended) else None for outcome in outcomes]


class LogMachine(RuleBasedStateMachine):
    """Two stores that write to one log, a third one that tails it, and the model."""

    def __init__(self, writers: Sequence[EventStore], reader: EventStore) -> None:
        super().__init__()
        self.writers = writers
        self.reader = reader
        self.model = Model()
        self.appends: list[Append] = []
        self.seen: list[EventMessage] = []

    @initialize()
    def begin(self) -> None:
        self.start = self.after = self.reader.head()
        self.run = uuid4().hex

    def new_append(self, call: Call) -> Append:
        name, drift, size = call
        stream = f"{self.run}-{name}"
        self.appends.append(append(stream, max(0, len(self.model.streams.get(stream, [])) + drift), size))
        return self.appends[-1]

    @rule(writer=WRITER, call=CALL)
    def append(self, writer: int, call: Call) -> None:
        self.append_and_compare(writer, [self.new_append(call)])

    @rule(writer=WRITER, calls=st.lists(CALL, max_size=5))
    def append_many(self, writer: int, calls: list[Call]) -> None:
        self.append_and_compare(writer, [self.new_append(call) for call in calls])

    @rule(writer=WRITER, which=st.integers(0, 99))
    def append_repeatedly(self, writer: int, which: int) -> None:
        """By either writer, whichever made it first."""
        if self.appends:
            self.append_and_compare(writer, [self.appends[which % len(self.appends)]])

    @rule(first=CALL, second=CALL)
    def append_concurrently(self, first: Call, second: Call) -> None:
        """Either may be first, but both outcomes and the log must agree on one order."""
        appends = [self.new_append(first), self.new_append(second)]
        with ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(lambda writer, each: versions(writer.append_many([each]))[0], self.writers, appends))
        recorded = [str(event.id) for event in self.reader.read_all(self.start, 10_000)]
        possible = [model for model, expected in self.both_orders(appends) if expected == outcomes and model.order == recorded]
        assert possible, (outcomes, recorded)
        self.model = possible[0]

    def both_orders(self, appends: Sequence[Append]) -> Iterator[tuple[Model, list[int | None]]]:
        for order in ((0, 1), (1, 0)):
            model = deepcopy(self.model)
            expected = {index: model.append(appends[index]) for index in order}
            yield model, [expected[0], expected[1]]

    def append_and_compare(self, writer: int, appends: list[Append]) -> None:
        expected = [self.model.append(each) for each in appends]
        outcomes = self.writers[writer].append_many(appends)
        assert versions(outcomes) == expected
        for each, outcome in zip(appends, outcomes, strict=True):
            assert not isinstance(outcome, Conflict) or outcome.stream == each.stream

    @rule(size=st.integers(1, 7))
    def read_on(self, size: int) -> None:
        page = self.reader.read_all(self.after, size)
        left = len(self.model.order) - len(self.seen)
        assert len(page) == min(size, left)
        self.seen += page
        self.after = page[-1].position if page else self.after

    @invariant()
    def seen_once_and_in_order(self) -> None:
        if hasattr(self, "run"):
            assert [str(event.id) for event in self.seen] == self.model.order[: len(self.seen)]
            assert_log_invariants(self.seen, self.start)

    @rule(writer=WRITER, name=st.sampled_from("abcd"), after=st.integers(0, 5))
    def read_stream(self, writer: int, name: str, after: int) -> None:
        stream = f"{self.run}-{name}"
        read = self.writers[writer].read_stream(stream, after)
        assert [str(event.id) for event in read] == self.model.streams.get(stream, [])[after:]

    def teardown(self) -> None:
        if hasattr(self, "run"):
            while len(self.seen) < len(self.model.order):
                self.read_on(5)
            self.read_on(5)
            self.seen_once_and_in_order()


def test_two_writers_and_a_reader_agree_with_a_model_in_memory(store: EventStore, address: str) -> None:
    other, reader = open_store(address), open_store(address)

    class Machine(LogMachine):
        def __init__(self) -> None:
            super().__init__([store, other], reader)

    examples = 30 if address.startswith("kurrentdb") else 100  # whose calls take longer
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=checks)
    )
    other.close()
    reader.close()


@pytest.mark.parametrize("drift", [-1, 1])
def test_the_model_detects_a_conflict(drift: int) -> None:
    model = Model()
    assert model.append(append("a", 0, 2)) == 2
    assert model.append(append("a", 2 + drift)) is None
