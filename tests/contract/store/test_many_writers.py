"""Ten writers and two tailing readers: nothing is skipped, repeated or out of order, even when writers are killed."""

import random
import signal
import subprocess
import sys
import threading
import time

from shared.message import EventMessage, Position
from shared.store.port import EventStore
from tests.contract.store.invariants import assert_log_invariants
from tests.contract.store.writing import BATCH, all_events, append, numbered_append, numbered_batch

PROCESSES, THREADS = 5, 2
APPENDS, KURRENT_APPENDS = 1_000, 100  # of each writer; a call to KurrentDB takes about ten times as long


def start(address: str, task: str, first: int, threads: int = 1, count: int = 1) -> subprocess.Popen[str]:
    arguments = [address, task, str(first), str(threads), str(count)]
    return subprocess.Popen([sys.executable, "-m", "tests.contract.store.writing", *arguments], stdout=subprocess.PIPE, text=True)


class Reader(threading.Thread):
    """Tails the log as a relay does: reads on from the last position it has seen."""

    def __init__(self, store: EventStore, page_size: int) -> None:
        super().__init__(daemon=True)
        self.store = store
        self.page_size = page_size
        self.seen: list[EventMessage] = []
        self.done = threading.Event()

    def run(self) -> None:
        after: Position = 0
        while not self.done.is_set() or self.store.head() > after:
            if self.store.wait(after, 0.2):
                self.seen += self.store.read_all(after, self.page_size)
                after = self.seen[-1].position


def test_two_tailing_readers_see_every_append_of_ten_writers_once_and_in_order(store: EventStore, address: str) -> None:
    readers = [Reader(store, page) for page in (50, 1_000)]
    for reader in readers:
        reader.start()
    count = KURRENT_APPENDS if address.startswith("kurrentdb") else APPENDS
    writers = [start(address, "contended", process * THREADS, THREADS, count) for process in range(PROCESSES)]
    assert [writer.wait(120) for writer in writers] == [0] * PROCESSES
    for reader in readers:
        reader.done.set()
        reader.join(30)
    log = all_events(store)
    assert len(log) == len({event.id for event in log}) == PROCESSES * THREADS * count
    assert_log_invariants(log)
    for reader in readers:
        assert [(event.position, event.id, event.previous) for event in reader.seen] == [
            (event.position, event.id, event.previous) for event in log
        ]


def test_a_writer_killed_between_commit_and_reply_gets_the_same_answer_on_retry(store: EventStore, address: str) -> None:
    store.append(append("before", 0, 3))
    assert start(address, "die-after-commit", 1).wait(60) == -signal.SIGKILL
    recorded = store.read_stream("worker-1")[0].position
    assert store.append(numbered_append(1, 0)).position == recorded
    assert len(all_events(store)) == 4


def test_writers_killed_at_any_moment_leave_a_sound_log_with_all_acknowledged_events(store: EventStore, address: str) -> None:
    writers = [start(address, "batches", worker * 4, 4, 1_000_000) for worker in range(3)]
    wanted = 300 if address.startswith("kurrentdb") else 900
    while len(store.read_all(0, wanted)) < wanted:
        time.sleep(0.01)
    for writer in writers:
        time.sleep(random.uniform(0, 0.2))
        writer.kill()
    lines = [line for writer in writers for line in writer.communicate()[0].splitlines(keepends=True) if line.endswith("\n")]
    acknowledged = [tuple(map(int, line.split())) for line in lines]
    log = {event.id: event.position for event in all_events(store)}
    assert len(acknowledged) >= wanted // BATCH // 2
    for worker, number, position in acknowledged:
        append_made = numbered_batch(worker, number)
        assert log[append_made.events[-1].id] == position
        assert {event.id for event in append_made.events} <= log.keys()
    assert_log_invariants(all_events(store))
    for worker in range(12):
        retry_unanswered(store, worker, sum(line[0] == worker for line in acknowledged))
    assert_log_invariants(all_events(store))


def retry_unanswered(store: EventStore, worker: int, number: int) -> None:
    """Assert that the append which the worker's death left unanswered was recorded completely or not at all; then retry it."""
    unanswered = numbered_batch(worker, number)
    recorded = [event.id for event in store.read_stream(unanswered.stream, unanswered.expected)]
    assert recorded in ([], [event.id for event in unanswered.events])
    answers = [store.append(unanswered) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0].version == len(store.read_stream(unanswered.stream)) == (number + 1) * BATCH
