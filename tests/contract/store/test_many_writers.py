"""Ten writers, two tailing readers: nothing is skipped, repeated or out of order. Also when writers die in the middle of it."""

import random
import signal
import subprocess
import sys
import threading
import time

from shared.message import EventMessage, Position
from shared.store.port import EventStore
from tests.contract.store.whole import assert_whole
from tests.contract.store.writing import BATCH, append, batch, everything, known

PROCESSES, THREADS = 5, 2
EACH, EACH_OVER_THE_NET = 1_000, 100  # appends of a writer; a call over the net costs ten times one to a file


def start(address: str, task: str, first: int, threads: int = 1, count: int = 1) -> subprocess.Popen[str]:
    words = [address, task, str(first), str(threads), str(count)]
    return subprocess.Popen([sys.executable, "-m", "tests.contract.store.writing", *words], stdout=subprocess.PIPE, text=True)


class Reader(threading.Thread):
    """Tails the log as a relay does: from the last position that it has seen."""

    def __init__(self, store: EventStore, page: int) -> None:
        super().__init__(daemon=True)
        self.store = store
        self.page = page
        self.seen: list[EventMessage] = []
        self.done = threading.Event()

    def run(self) -> None:
        after: Position = 0
        while not self.done.is_set() or self.store.head() > after:
            if self.store.wait(after, 0.2):
                self.seen += self.store.read_all(after, self.page)
                after = self.seen[-1].position


def test_two_tailing_readers_see_every_append_of_ten_writers_once_and_in_order(store: EventStore, address: str) -> None:
    readers = [Reader(store, page) for page in (50, 1_000)]
    for reader in readers:
        reader.start()
    each = EACH_OVER_THE_NET if address.startswith("kurrentdb") else EACH
    writers = [start(address, "contended", process * THREADS, THREADS, each) for process in range(PROCESSES)]
    assert [writer.wait(120) for writer in writers] == [0] * PROCESSES
    for reader in readers:
        reader.done.set()
        reader.join(30)
    log = everything(store)
    assert len(log) == len({event.id for event in log}) == PROCESSES * THREADS * each
    assert_whole(log)
    for reader in readers:
        assert [(event.position, event.id, event.previous) for event in reader.seen] == [
            (event.position, event.id, event.previous) for event in log
        ]


def test_a_writer_killed_between_commit_and_reply_gets_the_same_answer_on_retry(store: EventStore, address: str) -> None:
    store.append(append("before", 0, 3))
    assert start(address, "die-after-commit", 1).wait(60) == -signal.SIGKILL
    recorded = store.read_stream("worker-1")[0].position
    assert store.append(known(1, 0)).position == recorded
    assert len(everything(store)) == 4


def test_writers_killed_at_any_moment_leave_a_sound_log_with_all_acknowledged_events(store: EventStore, address: str) -> None:
    writers = [start(address, "batches", worker * 4, 4, 1_000_000) for worker in range(3)]
    enough = 300 if address.startswith("kurrentdb") else 900
    while len(store.read_all(0, enough)) < enough:
        time.sleep(0.01)
    for writer in writers:
        time.sleep(random.uniform(0, 0.2))
        writer.kill()
    lines = [line for writer in writers for line in writer.communicate()[0].splitlines(keepends=True) if line.endswith("\n")]
    told = [tuple(map(int, line.split())) for line in lines]
    log = {event.id: event.position for event in everything(store)}
    assert len(told) >= enough // BATCH // 2
    for worker, number, position in told:
        asked = batch(worker, number)
        assert log[asked.events[-1].id] == position
        assert {event.id for event in asked.events} <= log.keys()
    assert_whole(everything(store))
    for worker in range(12):
        heal(store, worker, sum(line[0] == worker for line in told))
    assert_whole(everything(store))


def heal(store: EventStore, worker: int, number: int) -> None:
    """What this worker's death left unanswered is there whole or not at all; asked again, it is there once."""
    unanswered = batch(worker, number)
    recorded = [event.id for event in store.read_stream(unanswered.stream, unanswered.expected)]
    assert recorded in ([], [event.id for event in unanswered.events])
    answers = [store.append(unanswered) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0].version == len(store.read_stream(unanswered.stream)) == (number + 1) * BATCH
