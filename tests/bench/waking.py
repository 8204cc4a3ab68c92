"""The cost of waiting readers, and how soon they wake: polling the head of the log, compared with LISTEN and NOTIFY.

The readers are threads of another process, as services are. Appends are measured while READERS readers wait and read what is appended.
The delay is measured as pairs of appends: one, and the answer to it of a reader that was woken.
"""

import multiprocessing
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from multiprocessing.synchronize import Event
from uuid import uuid4

import psycopg

from shared.message import Position
from shared.store.group_commit import GroupCommit
from shared.store.port import Append, Appended, EventStore
from shared.store.postgres.connection import Statement
from shared.store.postgres.store import PostgresStore
from shared.store.postgres.writer import APPEND, PostgresWriter
from tests.bench import ours
from tests.bench.appends import writers
from tests.bench.floors import is_postgres
from tests.bench.measuring import START_TIMEOUT_S, OpenWorker, Pace, Rates, Setup, Side, Work, in_turn, rate
from tests.bench.table import OURS, Line, Table
from tests.contract.store.writing import event, open_store

READERS = 6
NOTIFY, NOBODY = "NOTIFY, as many listen", "nobody waits"
QUESTION, ANSWER = "ask", "answer"
CREATE_NOTIFYING_APPEND = """create or replace function notifying_append(text[], bigint[], integer[], timestamptz[], text[], text[])
returns bigint[]
language plpgsql as $$
declare
    answers bigint[] := public.append_events($1, $2, $3, $4, $5, $6);
begin
    perform pg_notify('log', '');
    return answers;
end $$"""
Wait = Callable[[Position, float], object]
NOTIFYING_APPEND = Statement("notifying", "select notifying_append($1, $2, $3, $4, $5, $6)", *APPEND.types)


@contextmanager
def open_log(address: str, notify: bool) -> Iterator[EventStore]:
    with closing(open_store(address)) as store:
        if notify:
            assert isinstance(store, PostgresStore)
            with psycopg.connect(address) as connection:
                connection.execute("select pg_advisory_xact_lock(1)")  # two processes may create it at the same time
                connection.execute(CREATE_NOTIFYING_APPEND)
            store.group_commit = GroupCommit(PostgresWriter(store.writer_pool, NOTIFYING_APPEND).commit)
        yield store


@contextmanager
def waiting(store: EventStore, address: str, notify: bool) -> Iterator[Wait]:
    """Yield a function that waits for the log to move: by polling, as the store does, or by LISTEN."""
    if not notify:
        yield store.wait
        return
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("listen log")

        def listen(after: Position, timeout: float) -> None:
            if store.head() <= after:
                for _ in connection.notifies(timeout=timeout, stop_after=1):
                    pass

        yield listen


def run_readers(address: str, notify: bool, readers: int, answering: bool, ready: Event, stop: Event) -> None:
    """Run the readers, in a process of their own."""
    with open_log(address, notify) as store:
        threads = [threading.Thread(target=follow, args=(store, store.head(), address, notify, answering, stop)) for _ in range(readers)]
        for thread in threads:
            thread.start()
        ready.set()
        for thread in threads:
            thread.join()


def follow(store: EventStore, after: Position, address: str, notify: bool, answering: bool, stop: Event) -> None:
    with waiting(store, address, notify) as wait:
        while not stop.is_set():
            wait(after, 0.5)
            for each in store.read_all(after):
                after = each.position
                if answering and each.subject.startswith(QUESTION):
                    append_event(store, each.subject.replace(QUESTION, ANSWER))


def append_event(store: EventStore, stream: str) -> Position:
    answer: Appended = store.append(Append(stream, 0, [event(stream)]))
    return answer.position


@contextmanager
def with_readers(address: str, notify: bool, readers: int, answering: bool = False) -> Iterator[EventStore]:
    context = multiprocessing.get_context("spawn")
    with open_log(address, notify) as store:
        ready, stop = context.Event(), context.Event()
        process = context.Process(target=run_readers, args=(address, notify, readers, answering, ready, stop))
        process.start()
        assert ready.wait(START_TIMEOUT_S)
        try:
            yield store
        finally:
            stop.set()
            process.join(START_TIMEOUT_S)


def appends(notify: bool) -> Setup:
    @contextmanager
    def setup(address: str) -> Iterator[OpenWorker]:
        with with_readers(address, notify, READERS) as store:
            yield ours.appending(store, 1)

    return setup


def answers(notify: bool) -> Setup:
    @contextmanager
    def setup(address: str) -> Iterator[OpenWorker]:
        with with_readers(address, notify, 1, answering=True) as store, waiting(store, address, notify) as wait:

            def work() -> int:
                name = uuid4()
                after = append_event(store, f"{QUESTION}-{name}")
                while not any(each.subject == f"{ANSWER}-{name}" for each in store.read_all(after)):
                    wait(after, 0.5)
                return 1

            @contextmanager
            def open_worker() -> Iterator[Work]:
                yield work

            yield open_worker

    return setup


def main(name: str, address: str, other: str, pace: Pace, table: Table) -> None:
    kinds = {OURS: False, NOTIFY: True} if is_postgres(address) else {OURS: False}
    for threads in (1, 8):
        setups = {kind: appends(notify) for kind, notify in kinds.items()} | {NOBODY: lambda address: ours.appends(address, 1)}
        table.add(Line(name, f"append, {writers(threads)}, {READERS} readers wait", alone_in_turn(setups, address, threads, pace)))
    answering = {kind: answers(notify) for kind, notify in kinds.items()}
    table.add(Line(name, "append, answered by another process", alone_in_turn(answering, address, 1, pace)))


def alone_in_turn(setups: Mapping[str, Setup], address: str, threads: int, pace: Pace) -> Rates:
    """As `by_threads`, but open a side for each round, so that the readers of one side do not read what another one appends."""

    def side(setup: Setup) -> Side:
        def one_round() -> float:
            with setup(address) as open_worker:
                return rate(open_worker, threads, pace.seconds)

        return one_round

    return in_turn({name: side(setup) for name, setup in setups.items()}, replace(pace, warm=0))
