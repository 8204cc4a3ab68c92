"""Events for the tests of the log, and a program that writes them, for tests with several processes.

python -m tests.contract.store.writing ADDRESS batches|contended|die-after-commit FIRST_WORKER THREADS COUNT
"""

import os
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4, uuid5

from msgspec import Raw

from shared.errors import Conflict
from shared.message import PREFIX, Actor, EventBody, EventMessage, dataschema, encode
from shared.store.kurrent.store import KurrentStore
from shared.store.port import Append, EventStore, NewEvent, pages
from shared.store.postgres.store import PostgresStore
from shared.store.sqlite.store import SqliteStore
from shared.store.stored import Log

NAMESPACE = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
BATCH = 3  # events
EVENT_TIME = datetime(2024, 4, 2, 9, 30, tzinfo=UTC)


def event(stream: str, id: UUID | None = None, data: bytes = b'{"step":1}', kind: str = "counting.Counted", version: int = 1) -> NewEvent:
    body = EventBody(
        id=id or uuid4(),
        type=PREFIX + kind,
        source="/parcours/counting",
        subject=stream,
        time=EVENT_TIME,
        dataschema=dataschema(kind, version),
        territory="alencon",
        actor=Actor("c-1", "coach", "étape"),
        commandid=uuid4(),
        data=Raw(data),
    )
    return NewEvent(body.id, body.type, encode(body))


def append(stream: str, expected: int = 0, size: int = 1) -> Append:
    """Return an append of `size` new events."""
    return Append(stream, expected, [event(stream) for _ in range(size)])


def open_store(address: str) -> Log:
    match address.partition("://"):
        case "postgresql" | "postgres", _, _:
            return PostgresStore(address)
        case "kurrentdb" | "kurrentdb+discover" | "esdb" | "esdb+discover", _, _:
            return KurrentStore(address)
        case _:
            return SqliteStore(Path(address))


def all_events(store: EventStore, size: int = 4_096) -> list[EventMessage]:
    """Return the whole log, read in pages of `size`."""
    return [event for page in pages(store, 0, store.head(), size) for event in page]


def numbered_append(worker: int, number: int) -> Append:
    """Return an append of one event whose id is derived from the worker and the number, so that it can be repeated."""
    stream = f"worker-{worker}"
    return Append(stream, number, [event(stream, uuid5(NAMESPACE, f"{worker}/{number}"))])


def numbered_batch(worker: int, number: int) -> Append:
    """As `numbered_append`, with BATCH events."""
    stream = f"worker-{worker}"
    ids = [uuid5(NAMESPACE, f"{worker}/{number}/{index}") for index in range(BATCH)]
    return Append(stream, number * BATCH, [event(stream, id) for id in ids])


def write_batches(store: EventStore, worker: int, count: int) -> None:
    """Append to the worker's own stream, and print each append on a line after it is acknowledged."""
    for number in range(count):
        answer = store.append(numbered_batch(worker, number))
        sys.stdout.write(f"{worker} {number} {answer.position}\n")
        sys.stdout.flush()


def write_contended(store: EventStore, worker: int, count: int) -> None:
    """Append to the worker's own stream, and every tenth event to a stream that all workers write to."""
    for number in range(count):
        if number % 10:
            store.append(Append(f"own-{worker}", number - 1 - number // 10, [event(f"own-{worker}")]))
        else:
            append_until_accepted(store)


def append_until_accepted(store: EventStore) -> None:
    """Append one event to the shared stream; after a conflict, try again with the actual version."""
    version = 0
    while True:
        try:
            store.append(append("shared", version))
        except Conflict as conflict:
            version = conflict.actual
        else:
            return


def main(address: str, task: str, first: str, threads: str, count: str) -> None:
    store = open_store(address)
    if task == "die-after-commit":
        store.append(numbered_append(int(first), 0))
        os.kill(os.getpid(), signal.SIGKILL)
    work = write_batches if task == "batches" else write_contended
    workers = [threading.Thread(target=work, args=(store, int(first) + index, int(count))) for index in range(int(threads))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
