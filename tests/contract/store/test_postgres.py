"""What is particular to PostgreSQL: query plans, closed connections, read-only servers, changed defaults."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime

import psycopg
import pytest

from shared.errors import Unavailable
from shared.message import EventMessage
from shared.store.port import Append
from shared.store.postgres.binary_format import unpack_int8_array
from shared.store.postgres.checkpoints import PostgresCheckpoints
from shared.store.postgres.store import PostgresStore
from tests.contract.store.writing import all_events, append, event, numbered_append
from tests.processes import eventually

TERMINATE_OTHERS = (
    "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
)
WRITERS_LOCK_KEY = 7061727
OTHER_SETTINGS = (
    "default_transaction_isolation = 'serializable'",
    "synchronous_commit = off",
    "timezone = 'Asia/Tokyo'",
    "plan_cache_mode = force_custom_plan",
)
CALL_APPEND = "select public.append_events(%s, array[0]::bigint[], array[1], %s, %s, %s)"


def terminate_others(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(TERMINATE_OTHERS)


def test_the_table_has_exactly_two_indexes(postgres_dsn: str) -> None:
    PostgresStore(postgres_dsn)
    with psycopg.connect(postgres_dsn) as connection:
        rows = connection.execute("select indexdef from pg_indexes where tablename = 'events'").fetchall()
    assert sorted(row[0].rpartition("USING ")[2] for row in rows) == ['btree ("position")', "btree (stream, version)"]


def test_plans_made_while_the_log_was_small_never_scan_the_whole_log(postgres_dsn: str) -> None:
    """A connection keeps its plans, and the best plan for a log of ten events is the worst one for thousands."""
    store = PostgresStore(postgres_dsn)
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("vacuum analyze events")  # as the server does from time to time
        before = scans(connection)
        for number in range(30):
            store.append(append(f"stream-{number}"))
            store.append_many([append(f"stream-{number}", 1), append(f"stream-{number}", 7)])
            whole = all_events(store)
            assert store.read_stream(f"stream-{number}") == store.read_at([event.position for event in whole[-2:]])
            assert store.position_at(whole[-1].recordedtime) == store.head()
        store.close()  # the server updates its statistics when a connection ends
        eventually(lambda: sum(scans(connection)) > sum(before) + 30 * 9)
        assert scans(connection)[0] == before[0]


def scans(connection: psycopg.Connection) -> tuple[int, int]:
    """Return how many sequential scans and how many index scans of the log there were."""
    row = connection.execute("select seq_scan, idx_scan from pg_stat_user_tables where relname = 'events'").fetchone()
    return row or (0, 0)


def test_idle_connections_that_the_server_closed_are_replaced(postgres_dsn: str) -> None:
    store, checkpoints = PostgresStore(postgres_dsn), PostgresCheckpoints(postgres_dsn)
    store.append(append("a"))
    checkpoints.save("relay", 1)
    terminate_others(postgres_dsn)
    assert store.append(append("a", 1)).version == 2
    terminate_others(postgres_dsn)
    assert (len(store.read_stream("a")), store.head(), checkpoints.load("relay")) == (2, 2, 1)


def test_an_interrupted_append_is_unavailable_and_can_be_retried(postgres_dsn: str) -> None:
    store = PostgresStore(postgres_dsn)
    faults: list[Exception] = []

    def append_numbered() -> None:
        try:
            store.append(numbered_append(1, 0))
        except Unavailable as fault:
            faults.append(fault)

    with psycopg.connect(postgres_dsn) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", (WRITERS_LOCK_KEY,))
        thread = threading.Thread(target=append_numbered)
        thread.start()
        while not connection.execute("select 1 from pg_locks where not granted and locktype = 'advisory'").fetchone():
            time.sleep(0.01)
        connection.execute(TERMINATE_OTHERS)
        thread.join(10)
    assert len(faults) == 1
    assert store.append(numbered_append(1, 0)) == store.append(numbered_append(1, 0))
    assert len(all_events(store)) == 1


READS: dict[str, Callable[[PostgresStore], int]] = {
    "a page": lambda store: len(store.read_all(0)),
    "a stream": lambda store: len(store.read_stream("a")),
    "the head": lambda store: store.head(),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_an_interrupted_read_is_retried(postgres_dsn: str, read: Callable[[PostgresStore], int]) -> None:
    store = PostgresStore(postgres_dsn)
    store.append(append("a"))
    with psycopg.connect(postgres_dsn) as connection, ThreadPoolExecutor(1) as pool:
        connection.execute("lock table public.events in access exclusive mode")
        reading = pool.submit(read, store)
        (pid,) = eventually(lambda: connection.execute("select pid from pg_locks where not granted and locktype = 'relation'").fetchone())
        connection.execute("select pg_terminate_backend(%s, 5000)", (pid,))
        connection.rollback()
        assert reading.result(30) == 1


def test_writers_and_readers_continue_while_their_connections_are_cut(postgres_dsn: str) -> None:
    store = PostgresStore(postgres_dsn)
    end = time.monotonic() + 2

    def write(worker: int) -> int:
        number = 0
        while time.monotonic() < end:
            try:
                store.append(numbered_append(worker, number))
                number += 1
            except Unavailable:
                continue  # retry the same append, which may have been recorded
        return number

    def follow() -> list[EventMessage]:
        seen: list[EventMessage] = []
        while time.monotonic() < end:
            with suppress(Unavailable):  # the retry was interrupted too
                seen += store.read_all(seen[-1].position if seen else 0)
        return seen

    with ThreadPoolExecutor(6) as pool:
        writes = [pool.submit(write, worker) for worker in range(4)]
        reads = [pool.submit(follow) for _ in range(2)]
        while time.monotonic() < end:
            time.sleep(0.1)
            terminate_others(postgres_dsn)
        counts = [each.result() for each in writes]
    assert min(counts) > 0
    assert [len(store.read_stream(f"worker-{worker}")) for worker in range(4)] == counts
    log = all_events(store)
    assert len(log) == sum(counts)
    for seen in (each.result() for each in reads):
        assert seen
        assert seen == log[: len(seen)]


def test_a_missing_server_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        PostgresStore("postgresql://127.0.0.1:1/nowhere?connect_timeout=2")


def test_a_read_only_server_is_unavailable_for_writers_only(postgres_dsn: str) -> None:
    """As a standby that has not been promoted yet, after the primary failed."""
    store = PostgresStore(postgres_dsn)
    store.append(append("a"))
    name = psycopg.conninfo.conninfo_to_dict(postgres_dsn)["dbname"]
    with psycopg.connect(postgres_dsn, autocommit=True, options="-c default_transaction_read_only=off") as connection:
        connection.execute(f"alter database {name} set default_transaction_read_only = on".encode())
        connection.execute(TERMINATE_OTHERS)
        with pytest.raises(Unavailable, match="read-only"):
            store.append(append("a", 1))
        assert len(all_events(store)) == 1
        connection.execute(f"alter database {name} reset default_transaction_read_only".encode())
    assert store.append(append("a", 1)).version == 2


def test_defaults_of_the_database_do_not_weaken_the_log(postgres_dsn: str) -> None:
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        name = connection.info.dbname
        for setting in OTHER_SETTINGS:
            connection.execute(f"alter database {name} set {setting}".encode())
    store = PostgresStore(postgres_dsn)
    moment = datetime(2024, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC)
    store.append(Append("a", 0, append("a").events, moment))
    assert store.read_all(0)[0].recordedtime == moment
    with store.writer_pool.connection() as connection:
        settings = [
            connection.pgconn.exec_(f"show {name}".encode()).get_value(0, 0)
            for name in ("synchronous_commit", "default_transaction_isolation", "plan_cache_mode")
        ]
    assert settings == [b"on", b"read committed", b"force_generic_plan"]


def test_the_time_of_recording_is_written_in_utc_whatever_the_session_has(postgres_dsn: str) -> None:
    PostgresStore(postgres_dsn)
    new = event("a")
    with psycopg.connect(postgres_dsn, options="-c timezone=Asia/Tokyo -c datestyle=German") as connection:
        moment = datetime(2024, 2, 29, 23, 59, 59, 500_000, tzinfo=UTC)
        connection.execute(CALL_APPEND, (["a"], [moment], [new.type], [new.body.decode()]))
        (message,) = connection.execute("select message::text from public.events").fetchone() or ("",)
    assert message.startswith('{"previous":0,"position":1,"streamversion":1,"recordedtime":"2024-02-29T23:59:59.5+00:00","id":')


def test_an_array_of_bigints_is_unpacked() -> None:
    assert unpack_int8_array(bytes(20) + b"\0\0\0\x08" + b"\xff" * 8 + b"\0\0\0\x08" + b"\0" * 7 + b"\x05") == (-1, 5)
