"""Leader and followers: one commit for all who wait, and each one's own answer."""

import threading
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.errors import Conflict, Unavailable
from shared.store import group_commit
from shared.store.group_commit import GroupCommit, Outcomes
from shared.store.port import Append, Appended, EventStore
from tests.contract.store.writing import append, event, everything


class Ledger:
    """Commits in memory. It holds the first commit back until the others have queued, and refuses streams called bad."""

    def __init__(self) -> None:
        self.commits: list[list[str]] = []
        self.begun = threading.Event()
        self.free = threading.Event()

    def commit(self, appends: Sequence[Append]) -> Outcomes:
        self.begun.set()
        self.free.wait(10)
        names = [append.stream for append in appends]
        self.commits.append(names)
        if "bad" in names:
            raise RuntimeError("bad")
        if "away" in names:
            raise Unavailable("away")
        if "killed" in names:
            raise SystemExit
        return [Conflict(name, 0, 1) if name == "late" else Appended(len(self.commits), index) for index, name in enumerate(names)]


def outcomes_of(ledger: Ledger, names: Sequence[str]) -> list[Outcomes | BaseException]:
    group = GroupCommit(ledger.commit)

    def submit(name: str) -> Outcomes | BaseException:
        try:
            return group([append(name)])
        except (RuntimeError, Unavailable, SystemExit) as fault:
            return fault

    with ThreadPoolExecutor(len(names) + 1) as pool:
        first = pool.submit(submit, "first")
        ledger.begun.wait(10)
        others = [pool.submit(submit, name) for name in names]
        while len(group.queue) < len(names):
            pass
        ledger.free.set()
        return [first.result(10), *(other.result(10) for other in others)]


def test_all_waiting_appends_are_committed_together() -> None:
    ledger = Ledger()
    outcomes_of(ledger, [f"s{index}" for index in range(8)])
    assert [len(commit) for commit in ledger.commits] == [1, 8]


def test_each_caller_gets_its_own_outcome() -> None:
    ledger = Ledger()
    answers = outcomes_of(ledger, ["a", "late", "b"])
    assert [type(answer[0]).__name__ if isinstance(answer, list) else answer for answer in answers] == [
        "Appended",
        "Appended",
        "Conflict",
        "Appended",
    ]


def test_a_failing_append_does_not_affect_other_callers() -> None:
    ledger = Ledger()
    answers = outcomes_of(ledger, ["a", "bad", "b"])
    assert [isinstance(answer, list) for answer in answers] == [True, True, False, True]


def test_an_unavailable_commit_is_unavailable_for_all_its_callers() -> None:
    ledger = Ledger()
    answers = outcomes_of(ledger, ["a", "away", "b"])
    assert [isinstance(answer, Unavailable) for answer in answers] == [False, True, True, True]
    assert len(ledger.commits) == 2


@pytest.mark.parametrize("fate", ["away", "killed"])
def test_each_caller_raises_an_exception_object_of_its_own(fate: str) -> None:
    """An exception that several threads raise would carry the tracebacks of all of them."""
    _, *faults = outcomes_of(Ledger(), ["a", "b", fate, "c"])
    assert [type(fault) for fault in faults].count(Unavailable) == (4 if fate == "away" else 3)
    assert len({id(fault) for fault in faults}) == 4
    assert {len(depth_of(fault)) for fault in faults if isinstance(fault, Unavailable)} == {3}


def depth_of(fault: BaseException) -> list[str]:
    return [frame.name for frame in traceback.extract_tb(fault.__traceback__)]


def test_a_commit_stays_within_its_size_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "MAX_COMMIT_BYTES", 3 * len(event("s0").body))
    ledger = Ledger()
    outcomes_of(ledger, [f"s{index}" for index in range(8)])
    assert [len(commit) for commit in ledger.commits] == [1, 3, 3, 2]


def test_many_threads_of_one_process_lose_no_events(store: EventStore) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda index: store.append(append(f"s{index}", 0, 1 + index % 3)), range(400)))
    assert sorted(answer.position for answer in answers)[-1] == store.head()
    assert len(everything(store)) == sum(1 + index % 3 for index in range(400))
