"""How fast the logs are, beside the least that could be done, in the same run: `python -m tests.bench.store_bench [DSN] [N]`.

Append: 1, 8 and 32 threads of one process, and batches of 100, beside a bare INSERT and COMMIT of the same rows by as many
threads. Replay: `read_all` of the whole log into decoded events, beside the raw bytes of the table coming out.
Each figure is the median of several short rounds, taken in turn so that a busy moment hits both sides.
"""

import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg

from shared.store.port import Append, EventStore, NewEvent, pages
from shared.store.postgres import PostgresStore
from shared.store.sqlite import SqliteStore
from shared.store.sqlite_file import connect
from tests.contract.store.writing import event

ROUNDS, SECONDS, BATCH = 5, 0.6, 100
SAMPLE = event(
    "journey-0", data=b'{"type":"InterviewHeld","person":"p-1","rank":1,"mode":"PRESENTIEL","minutes":45,"by":"c-1","on":"2024-04-02"}'
)
Work = Callable[[], int]  # one unit of work; how many events it was


def sample() -> NewEvent:
    id = uuid4()
    return NewEvent(id, SAMPLE.type, SAMPLE.body.replace(str(SAMPLE.id).encode(), str(id).encode(), 1))


def appending(store: EventStore, size: int) -> Callable[[], Work]:
    """A writer of its own streams, ten appends to each."""

    def writer() -> Work:
        places = ((stream, version * size) for stream in iter(lambda: f"bench-{uuid4()}", "") for version in range(10))

        def work() -> int:
            store.append(Append(*next(places), [sample() for _ in range(size)]))
            return size

        return work

    return writer


def bare_postgres(dsn: str, size: int) -> Callable[[], Work]:
    statement = "insert into bare (stream, version, type, recorded_at, body) values (%s, %s, %s, now(), %s)"

    def writer() -> Work:
        connection = psycopg.connect(dsn, autocommit=True)

        def work() -> int:
            rows = [(str(uuid4()), 1, SAMPLE.type, sample().body.decode()) for _ in range(size)]
            if size == 1:
                connection.execute(statement, rows[0])
            else:
                with connection.transaction(), connection.cursor() as cursor:
                    cursor.executemany(statement, rows)
            return size

        return work

    return writer


def bare_sqlite(path: Path, size: int) -> Callable[[], Work]:
    statement = "insert into bare (stream, version, type, recorded_at, body) values (?, 1, ?, ?, ?)"

    def writer() -> Work:
        connection = connect(path)

        def work() -> int:
            rows = [(str(uuid4()), SAMPLE.type, "2024-04-02T09:30:00.000000+00:00", sample().body.decode()) for _ in range(size)]
            connection.execute("begin immediate")
            connection.executemany(statement, rows)
            connection.execute("commit")
            return size

        return work

    return writer


def rate(writer: Callable[[], Work], threads: int) -> float:
    """Events a second that so many threads manage together."""
    begun = threading.Barrier(threads + 1)
    until = [0.0]
    counts = [0] * threads

    def run(index: int) -> None:
        work = writer()
        begun.wait()
        while time.perf_counter() < until[0]:
            counts[index] += work()

    workers = [threading.Thread(target=run, args=(index,)) for index in range(threads)]
    for worker in workers:
        worker.start()
    start = time.perf_counter()
    until[0] = start + SECONDS + 0.05
    begun.wait()
    start = time.perf_counter()
    for worker in workers:
        worker.join()
    return sum(counts) / (time.perf_counter() - start)


def compared(name: str, ours: Callable[[], float], floor: Callable[[], float]) -> None:
    ours(), floor()  # the first round warms caches and is not counted
    pairs = [(ours(), floor()) for _ in range(ROUNDS)]
    mine, bare = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"{name:32} {mine:>10,.0f}/s   bare {bare:>10,.0f}/s   ratio {statistics.median(a / b for a, b in pairs):5.2f}", flush=True)


def replay(store: EventStore) -> float:
    start, count = time.perf_counter(), 0
    for page in pages(store, 0, store.head()):
        count += len(page)
    return count / (time.perf_counter() - start)


def copied(dsn: str, total: int) -> float:
    start = time.perf_counter()
    with psycopg.connect(dsn) as connection, connection.cursor().copy("copy events to stdout (format binary)") as copy:
        for _ in copy:
            pass
    return total / (time.perf_counter() - start)


def selected(path: Path) -> float:
    start, count = time.perf_counter(), 0
    for _ in connect(path).execute("select * from events order by position"):
        count += 1
    return count / (time.perf_counter() - start)


def appends(name: str, store: EventStore, bare: Callable[[int], Callable[[], Work]]) -> None:
    for threads in (1, 8, 32):
        compared(f"{name} append, {threads} writers", lambda: rate(appending(store, 1), threads), lambda: rate(bare(1), threads))  # noqa: B023
    compared(f"{name} append, batches of {BATCH}", lambda: rate(appending(store, BATCH), 1), lambda: rate(bare(BATCH), 1))


def filled(store: EventStore, total: int) -> None:
    for _ in range((total - len_of(store)) // 1_000 + 1):
        store.append_many([Append(f"journey-{uuid4()}", 0, [sample() for _ in range(20)]) for _ in range(50)])


def len_of(store: EventStore) -> int:
    return sum(len(page) for page in pages(store, 0, store.head()))


@contextmanager
def database(dsn: str) -> Iterator[str]:
    """A database for this run alone."""
    name = f"bench_{uuid4().hex}"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
        yield psycopg.conninfo.make_conninfo(dsn, dbname=name)
        connection.execute(f"drop database {name} with (force)".encode())


def postgres(dsn: str, total: int) -> None:
    store = PostgresStore(dsn)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create table bare (like events, unique (stream, version))")
        connection.execute("alter table bare alter position add generated always as identity, add primary key (position)")
        appends("postgres", store, lambda size: bare_postgres(dsn, size))
        filled(store, total)
        connection.execute("vacuum analyze events")
    total = len_of(store)
    compared(f"postgres replay of {total:,}", lambda: replay(store), lambda: copied(dsn, total))
    store.close()


def sqlite(total: int) -> None:
    with tempfile.TemporaryDirectory() as room:
        path = Path(room) / "log.sqlite"
        store = SqliteStore(path)
        with sqlite3.connect(path) as connection:
            connection.execute(
                "create table bare (position integer primary key, stream, version, type, recorded_at, body, unique (stream, version))"
            )
        appends("sqlite", store, lambda size: bare_sqlite(path, size))
        filled(store, total)
        compared(f"sqlite replay of {len_of(store):,}", lambda: replay(store), lambda: selected(path))
        store.close()


def main(dsn: str = "", total: int = 200_000) -> None:
    sqlite(total)
    if dsn:
        with database(dsn) as fresh:
            postgres(fresh, total)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "", int(sys.argv[2]) if len(sys.argv) > 2 else 200_000)
