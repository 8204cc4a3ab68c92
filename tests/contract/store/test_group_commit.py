"""Group commit: one commit for all waiting callers, and an outcome for each."""

import threading
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.errors import Conflict, Unavailable
from shared.store import group_commit
from shared.store.group_commit import GroupCommit, Outcomes
from shared.store.port import Append, Appended, EventStore
from tests.contract.store.writing import all_events, append, event
from tests.processes import eventually


class FakeLog:
    """Commits in memory. The first commit blocks until `released` is set; the names of the streams decide how a commit ends."""

    def __init__(self) -> None:
        self.commits: list[list[str]] = []
        self.started = threading.Event()
        self.released = threading.Event()

    def commit(self, appends: Sequence[Append]) -> Outcomes:
        self.started.set()
        self.released.wait(10)
        names = [append.stream for append in appends]
        self.commits.append(names)
        if "bad" in names:
            raise RuntimeError("bad")
        if "away" in names:
            raise Unavailable("away")
        if "killed" in names:
            raise SystemExit
        return [Conflict(name, 0, 1) if name == "late" else Appended(len(self.commits), index) for index, name in enumerate(names)]


def concurrent_outcomes(log: FakeLog, names: Sequence[str]) -> list[Outcomes | BaseException]:
    group = GroupCommit(log.commit)

    def submit(name: str) -> Outcomes | BaseException:
        try:
            return group([append(name)])
        except (RuntimeError, Unavailable, SystemExit) as fault:
            return fault

    with ThreadPoolExecutor(len(names) + 1) as pool:
        first = pool.submit(submit, "first")
        log.started.wait(10)
        others = [pool.submit(submit, name) for name in names]
        while len(group.queue) < len(names):
            pass
        log.released.set()
        return [first.result(10), *(other.result(10) for other in others)]


def test_all_waiting_appends_are_committed_together() -> None:
    log = FakeLog()
    concurrent_outcomes(log, [f"s{index}" for index in range(8)])
    assert [len(commit) for commit in log.commits] == [1, 8]


def test_each_caller_gets_its_own_outcome() -> None:
    log = FakeLog()
    outcomes = concurrent_outcomes(log, ["a", "late", "b"])
    assert [type(outcome[0]).__name__ if isinstance(outcome, list) else outcome for outcome in outcomes] == [
        "Appended",
        "Appended",
        "Conflict",
        "Appended",
    ]


def test_a_failing_append_does_not_affect_other_callers() -> None:
    log = FakeLog()
    outcomes = concurrent_outcomes(log, ["a", "bad", "b"])
    assert [isinstance(outcome, list) for outcome in outcomes] == [True, True, False, True]


def test_an_unavailable_commit_is_unavailable_for_all_its_callers() -> None:
    log = FakeLog()
    outcomes = concurrent_outcomes(log, ["a", "away", "b"])
    assert [isinstance(outcome, Unavailable) for outcome in outcomes] == [False, True, True, True]
    assert len(log.commits) == 2


@pytest.mark.parametrize("ending", ["away", "killed"])
def test_each_caller_raises_an_exception_object_of_its_own(ending: str) -> None:
    """One exception object raised in several threads would collect the tracebacks of all of them."""
    _, *faults = concurrent_outcomes(FakeLog(), ["a", "b", ending, "c"])
    assert [type(fault) for fault in faults].count(Unavailable) == (4 if ending == "away" else 3)
    assert len({id(fault) for fault in faults}) == 4
    assert {len(traceback_of(fault)) for fault in faults if isinstance(fault, Unavailable)} == {3}


def traceback_of(fault: BaseException) -> list[str]:
    return [frame.name for frame in traceback.extract_tb(fault.__traceback__)]


def test_the_callers_of_a_commit_are_waited_for_by_the_first_of_them_who_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise he would be committed alone, and all others together meanwhile wait for that."""
    monkeypatch.setattr(group_commit, "GATHER_S", 10)
    log = FakeLog()
    group = commit_of_four(log)
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(group, [append(f"again-{index}")]) for index in range(3)]
        eventually(lambda: len(group.queue) == 3)
        assert len(log.commits) == 2
        waiting.append(pool.submit(group, [append("again-3")]))
        assert [len(each.result(5)) for each in waiting] == [1] * 4
    assert [len(commit) for commit in log.commits] == [1, 4, 4]


def test_who_appends_alone_waits_once_for_others_and_then_never(monkeypatch: pytest.MonkeyPatch) -> None:
    log = FakeLog()
    group = commit_of_four(log)
    for gather, shortest, longest in ((0.3, 0.3, 5), (10, 0, 5)):
        monkeypatch.setattr(group_commit, "GATHER_S", gather)
        start = time.monotonic()
        group([append("alone")])
        assert shortest <= time.monotonic() - start < longest
    assert [len(commit) for commit in log.commits] == [1, 4, 1, 1]


def commit_of_four(log: FakeLog) -> GroupCommit:
    """A group commit whose last commit had four callers."""
    group = GroupCommit(log.commit)
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(group, [append("first")])
        log.started.wait(10)
        others = [pool.submit(group, [append(f"s{index}")]) for index in range(4)]
        eventually(lambda: len(group.queue) == 4)
        log.released.set()
        for each in (first, *others):
            each.result(10)
    return group


def test_a_commit_stays_within_its_size_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "MAX_COMMIT_BYTES", 3 * len(event("s0").body))
    log = FakeLog()
    concurrent_outcomes(log, [f"s{index}" for index in range(8)])
    assert [len(commit) for commit in log.commits] == [1, 3, 3, 2]


def test_many_threads_of_one_process_lose_no_events(store: EventStore) -> None:
    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(lambda index: store.append(append(f"s{index}", 0, 1 + index % 3)), range(400)))
    assert sorted(outcome.position for outcome in outcomes)[-1] == store.head()
    assert len(all_events(store)) == sum(1 + index % 3 for index in range(400))
