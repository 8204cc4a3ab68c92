"""What waiting readers cost, and how soon they wake: looking at the head of the log, beside LISTEN and NOTIFY.

The readers are threads of another process, as services are. Writing is measured while so many wait and read what comes; answering is
an append, and another one by a reader who was woken by it.
"""

import multiprocessing
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from multiprocessing.synchronize import Event
from uuid import uuid4

import psycopg

from shared.errors import Conflict
from shared.message import Position
from shared.store.group_commit import GroupCommit
from shared.store.port import Append, Appended, EventStore
from shared.store.postgres.binary_format import unpack_int8_array
from shared.store.postgres.connection import Statement
from shared.store.postgres.store import PostgresStore
from shared.store.postgres.writer import APPEND, PostgresWriter, outcome, pack_appends
from tests.bench import ours
from tests.bench.appends import writers
from tests.bench.floors import is_postgres
from tests.bench.measuring import PATIENCE, Begin, Pace, Rates, Side, Way, Work, in_turn, rate
from tests.bench.table import OURS, Line, Table
from tests.contract.store.writing import event, open_store

READERS = 6
NOTIFY, NOBODY = "NOTIFY, as many listen", "nobody waits"
ASK, ANSWER = "ask", "answer"
NOTIFYING = """create or replace function notifying_append(text[], bigint[], integer[], timestamptz[], text[], text[]) returns bigint[]
language plpgsql as $$
declare
    answers bigint[] := public.append_events($1, $2, $3, $4, $5, $6);
begin
    perform pg_notify('log', '');
    return answers;
end $$"""
Wait = Callable[[Position, float], object]


NOTIFYING_APPEND = Statement("notifying", "select notifying_append($1, $2, $3, $4, $5, $6)", *APPEND.types)


class NotifyingWriter(PostgresWriter):
    def commit(self, appends: Sequence[Append]) -> list[Appended | Conflict]:
        with self.pool.connection() as connection:
            numbers = unpack_int8_array(connection.call(NOTIFYING_APPEND, *pack_appends(appends)).get_value(0, 0) or b"")
        return [outcome(append, *numbers[2 * n : 2 * n + 2]) for n, append in enumerate(appends)]


@contextmanager
def opened(address: str, notify: bool) -> Iterator[EventStore]:
    with closing(open_store(address)) as store:
        if notify:
            assert isinstance(store, PostgresStore)
            with psycopg.connect(address) as connection:
                connection.execute("select pg_advisory_xact_lock(1)")  # two processes may set up at once
                connection.execute(NOTIFYING)
            store.group_commit = GroupCommit(NotifyingWriter(store.writer_pool).commit)
        yield store


@contextmanager
def waiting(store: EventStore, address: str, notify: bool) -> Iterator[Wait]:
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


def tail(address: str, notify: bool, readers: int, answering: bool, ready: Event, over: Event) -> None:
    """The process of the readers."""
    with opened(address, notify) as store:
        threads = [threading.Thread(target=follow, args=(store, store.head(), address, notify, answering, over)) for _ in range(readers)]
        for thread in threads:
            thread.start()
        ready.set()
        for thread in threads:
            thread.join()


def follow(store: EventStore, at: Position, address: str, notify: bool, answering: bool, over: Event) -> None:
    with waiting(store, address, notify) as wait:
        while not over.is_set():
            wait(at, 0.5)
            for each in store.read_all(at):
                at = each.position
                if answering and each.subject.startswith(ASK):
                    said(store, each.subject.replace(ASK, ANSWER))


def said(store: EventStore, stream: str) -> Position:
    answer: Appended = store.append(Append(stream, 0, [event(stream)]))
    return answer.position


@contextmanager
def tailed(address: str, notify: bool, readers: int, answering: bool = False) -> Iterator[EventStore]:
    spawning = multiprocessing.get_context("spawn")
    with opened(address, notify) as store:
        ready, over = spawning.Event(), spawning.Event()
        process = spawning.Process(target=tail, args=(address, notify, readers, answering, ready, over))
        process.start()
        assert ready.wait(PATIENCE)
        try:
            yield store
        finally:
            over.set()
            process.join(PATIENCE)


def appends(notify: bool) -> Way:
    @contextmanager
    def way(address: str) -> Iterator[Begin]:
        with tailed(address, notify, READERS) as store:
            yield ours.appending(store, 1)

    return way


def answers(notify: bool) -> Way:
    @contextmanager
    def way(address: str) -> Iterator[Begin]:
        with tailed(address, notify, 1, answering=True) as store, waiting(store, address, notify) as wait:

            def work() -> int:
                name = uuid4()
                at = said(store, f"{ASK}-{name}")
                while not any(each.subject == f"{ANSWER}-{name}" for each in store.read_all(at)):
                    wait(at, 0.5)
                return 1

            @contextmanager
            def begin() -> Iterator[Work]:
                yield work

            yield begin

    return way


def main(name: str, address: str, other: str, pace: Pace, table: Table) -> None:
    kinds = {OURS: False, NOTIFY: True} if is_postgres(address) else {OURS: False}
    for threads in (1, 8):
        ways = {kind: appends(notify) for kind, notify in kinds.items()} | {NOBODY: lambda address: ours.appends(address, 1)}
        table.add(Line(name, f"append, {writers(threads)}, {READERS} readers wait", alone_in_turn(ways, address, threads, pace)))
    asking = {kind: answers(notify) for kind, notify in kinds.items()}
    table.add(Line(name, "append, answered by another process", alone_in_turn(asking, address, 1, pace)))


def alone_in_turn(ways: Mapping[str, Way], address: str, threads: int, pace: Pace) -> Rates:
    """The readers of one side are gone when another is measured: they would read what that one writes."""

    def side(way: Way) -> Side:
        def one() -> float:
            with way(address) as begin:
                return rate(begin, threads, pace.seconds)

        return one

    return in_turn({name: side(way) for name, way in ways.items()}, replace(pace, warm=0))
