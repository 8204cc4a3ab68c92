"""Events for the contract suite, and the process that writes them: `python -m tests.contract.store.writing ADDRESS TASK …`."""

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

NAMESPACE = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
BATCH = 3
HAPPENED = datetime(2024, 4, 2, 9, 30, tzinfo=UTC)


def event(stream: str, id: UUID | None = None, data: bytes = b'{"step":1}', kind: str = "counting.Counted", version: int = 1) -> NewEvent:
    body = EventBody(
        id=id or uuid4(),
        type=PREFIX + kind,
        source="/parcours/counting",
        subject=stream,
        time=HAPPENED,
        dataschema=dataschema(kind, version),
        territory="alencon",
        actor=Actor("c-1", "coach", "étape"),
        commandid=uuid4(),
        data=Raw(data),
    )
    return NewEvent(body.id, body.type, encode(body))


def append(stream: str, expected: int = 0, size: int = 1) -> Append:
    return Append(stream, expected, [event(stream) for _ in range(size)])


def open_store(address: str) -> EventStore:
    match address.partition("://"):
        case "postgresql" | "postgres", _, _:
            return PostgresStore(address)
        case "kurrentdb" | "kurrentdb+discover" | "esdb" | "esdb+discover", _, _:
            return KurrentStore(address)
        case _:
            return SqliteStore(Path(address))


def everything(store: EventStore, size: int = 4_096) -> list[EventMessage]:
    return [event for page in pages(store, 0, store.head(), size) for event in page]


def known(worker: int, number: int) -> Append:
    """The same append whenever it is made again: its ids follow from who writes what."""
    stream = f"worker-{worker}"
    return Append(stream, number, [event(stream, uuid5(NAMESPACE, f"{worker}/{number}"))])


def batch(worker: int, number: int) -> Append:
    """As `known`, of three events: all of them are recorded, or none."""
    stream = f"worker-{worker}"
    ids = [uuid5(NAMESPACE, f"{worker}/{number}/{index}") for index in range(BATCH)]
    return Append(stream, number * BATCH, [event(stream, id) for id in ids])


def write_batches(store: EventStore, worker: int, count: int) -> None:
    """Appends of one worker's own stream, each told on a line of its own after it is acknowledged."""
    for number in range(count):
        answer = store.append(batch(worker, number))
        sys.stdout.write(f"{worker} {number} {answer.position}\n")
        sys.stdout.flush()


def write_contended(store: EventStore, worker: int, count: int) -> None:
    """Every tenth event goes to a stream that all workers write to, and is tried again until it fits."""
    for number in range(count):
        if number % 10:
            store.append(Append(f"own-{worker}", number - 1 - number // 10, [event(f"own-{worker}")]))
        else:
            insist(store)


def insist(store: EventStore) -> None:
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
        store.append(known(int(first), 0))
        os.kill(os.getpid(), signal.SIGKILL)
    work = write_batches if task == "batches" else write_contended
    workers = [threading.Thread(target=work, args=(store, int(first) + index, int(count))) for index in range(int(threads))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
