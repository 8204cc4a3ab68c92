"""Ten writers, two tailing readers: nothing is skipped, repeated or out of order. Also when writers die in the middle of it."""

import random
import signal
import subprocess
import sys
import threading
import time

from shared.message import EventMessage, Position
from shared.store.port import EventStore
from tests.contract.store.writing import append, everything, known

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


def assert_whole(seen: list[EventMessage]) -> None:
    positions = [event.position for event in seen]
    assert positions == sorted(set(positions))
    assert [event.previous for event in seen] == [0, *positions[:-1]]
    assert [event.recordedtime for event in seen] == sorted(event.recordedtime for event in seen)
    versions: dict[str, int] = {}
    for event in seen:
        versions[event.subject] = versions.get(event.subject, 0) + 1
        assert event.streamversion == versions[event.subject]


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


def test_a_writer_killed_between_commit_and_reply_gets_the_same_answer_when_it_asks_again(store: EventStore, address: str) -> None:
    store.append(append("before", 0, 3))
    assert start(address, "die-after-commit", 1).wait(60) == -signal.SIGKILL
    recorded = store.read_stream("worker-1")[0].position
    assert store.append(known(1, 0)).position == recorded
    assert len(everything(store)) == 4


def test_writers_killed_in_the_middle_leave_a_whole_log_that_holds_all_they_were_told(store: EventStore, address: str) -> None:
    writers = [start(address, "known", worker * 4, 4, 1_000_000) for worker in range(3)]
    while len(store.read_all(0, 300)) < 300:
        time.sleep(0.01)
    for writer in writers:
        time.sleep(random.uniform(0, 0.2))
        writer.kill()
    told = [line.split() for writer in writers for line in writer.communicate()[0].splitlines(keepends=True) if line.endswith("\n")]
    log = {event.id: event.position for event in everything(store)}
    assert len(told) >= 200
    for worker, number, position in told:
        asked = known(int(worker), int(number))
        assert log[asked.events[0].id] == int(position)
    assert_whole(everything(store))
    retried = [store.append(known(worker, len(store.read_stream(f"worker-{worker}")))) for worker in range(12)]
    assert [answer.position for answer in retried] == sorted(answer.position for answer in retried)
    assert_whole(everything(store))
