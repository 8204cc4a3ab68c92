"""What a backup reads of a database, and what a restore puts there: complete, byte for byte, and in either kind of database."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from shared.address import Address
from shared.errors import Misconfigured
from shared.message import EventMessage
from shared.store.archive import BESIDE_LOG, COLUMNS, Loading, Resumption, Snapshot
from shared.store.deliveries import Cursor, Delivery, KnownWebhook
from shared.store.port import Append, EventStore
from shared.store.postgres import archive as postgres
from shared.store.postgres.checkpoints import PostgresCheckpoints
from shared.store.postgres.deliveries import PostgresDeliveries
from shared.store.postgres.gateway_records import PostgresGatewayRecords
from shared.store.postgres.tree_heads import PostgresTreeHeads
from shared.store.sqlite import archive as sqlite
from shared.store.sqlite.checkpoints import SqliteCheckpoints
from shared.store.sqlite.deliveries import SqliteDeliveries
from shared.store.sqlite.gateway_records import SqliteGatewayRecords
from shared.store.sqlite.tree_heads import SqliteTreeHeads
from shared.store.sqlite.writer import INSERT
from shared.store.tree_heads import TreeHead, TreeHeads
from tests.contract.store.invariants import assert_log_invariants
from tests.contract.store.writing import all_events, append, event, numbered_batch, open_store
from tests.servers import GivenPostgres

GAP = 1_000_000_000_000


class Database:
    """An empty log of one kind, with what is beside it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.is_postgres = address.startswith("postgresql")

    def store(self) -> EventStore:
        return open_store(self.address)

    def fill_tables(self) -> None:
        """A row in each table, with nulls and a deleted webhook."""
        dsn, path = Address(self.address), Path(self.address)
        checkpoints = PostgresCheckpoints(dsn) if self.is_postgres else SqliteCheckpoints(path)
        deliveries = PostgresDeliveries(dsn) if self.is_postgres else SqliteDeliveries(path)
        records = PostgresGatewayRecords(dsn) if self.is_postgres else SqliteGatewayRecords(path)
        checkpoints.save("relay", 3, coverage="é, and what was applied")
        for webhook in ("w-1", "w-2"):
            deliveries.add(KnownWebhook(webhook, "étape", "coach", "", 2))
        deliveries.advance("w-1", Cursor(1, 3))
        deliveries.remove("w-2")
        times: Any = {"first_at": "2024-01-01", "last_at": "2024-01-02"}
        deliveries.record(
            Delivery(webhook="w-1", run=1, message="m", position=3, type="t", status="waiting", attempts=1, resumptions=0, **times)
        )
        records.end_session("s-1", 2**31)
        records.claim_keys([("k-1", "asked")], 2**31, 0)
        heads: TreeHeads = PostgresTreeHeads(self.address) if self.is_postgres else SqliteTreeHeads(Path(self.address))
        heads.add([TreeHead(size, 2**40 + size, "é\n\n— log AAAA\n", "subtrees", "leaves") for size in (5, 12)], 0, True)
        for each in (checkpoints, deliveries, records, heads):
            each.close()

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        return postgres.snapshot(Address(self.address)) if self.is_postgres else sqlite.snapshot(Path(self.address))

    def loading(self) -> AbstractContextManager[Loading]:
        if self.is_postgres:
            self.store().close()  # makes the tables
            return postgres.loading(Address(self.address))
        return sqlite.loading(Path(self.address), sqlite.LOG_SCHEMA + sqlite.RECORDS_SCHEMA)

    def content(self) -> dict[str, list[Any]]:
        with self.snapshot() as snapshot:
            return {"events": [*snapshot.messages()], **{table: [*snapshot.rows(table)] for table in COLUMNS}}


class Databases:
    """Empty databases, each made when it is first asked for, by a name that ends in its kind."""

    def __init__(self, folder: Path, server: GivenPostgres, stack: ExitStack) -> None:
        self.folder, self.server, self.stack = folder, server, stack
        self.made: dict[str, Database] = {}

    def __getitem__(self, name: str) -> Database:
        if name not in self.made:
            on_server = name.endswith("postgres")
            self.made[name] = Database(
                self.stack.enter_context(self.server.database()) if on_server else str(self.folder / f"{name}.sqlite")
            )
        return self.made[name]


@pytest.fixture
def databases(tmp_path: Path, postgres_server: GivenPostgres) -> Iterator[Databases]:
    with ExitStack() as stack:
        yield Databases(tmp_path, postgres_server, stack)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_snapshot_made_while_others_write_is_the_log_as_of_one_commit(databases: Databases, kind: str) -> None:
    database = databases[kind]
    store, stop = database.store(), threading.Event()

    def write(worker: int) -> None:
        number = 0
        while not stop.is_set():
            store.append(numbered_batch(worker, number))
            number += 1

    writers = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for writer in writers:
        writer.start()
    try:
        while not store.wait(100, 1.0):
            pass
        before = store.head()
        with database.snapshot() as snapshot:
            first = [*snapshot.messages()]
            while not store.wait(before + 200, 1.0):
                pass
            assert [*snapshot.messages()] == first
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    with database.snapshot() as snapshot:
        everything = [*snapshot.messages()]
    assert before <= len(first) < len(everything)
    assert first == everything[: len(first)]
    store.close()


@pytest.mark.parametrize(
    ("source", "target"),
    [("sqlite", "other sqlite"), ("postgres", "other postgres"), ("sqlite", "postgres"), ("postgres", "sqlite")],
)
def test_what_is_loaded_is_what_was_there_byte_for_byte(databases: Databases, source: str, target: str) -> None:
    store = databases[source].store()
    batches = [numbered_batch(1, number) for number in range(3)]
    for batch in batches:
        store.append(batch)
    odd = Append("odd", 0, [event("odd", data=rb'{"text":"\u0000 \" \\ \n \t \u2028 \ud83d\ude00"}')])
    store.append(odd)
    databases[source].fill_tables()
    content, events = databases[source].content(), all_events(store)
    with databases[source].snapshot() as snapshot, databases[target].loading() as loading:
        assert loading.occupied() == []
        loading.load_messages(snapshot.messages())
        for table in COLUMNS:
            loading.load_rows(table, snapshot.rows(table))
    assert databases[target].content() == content
    assert all(content.values())
    loaded = databases[target].store()
    assert all_events(loaded) == events
    assert [loaded.append(each) for each in (*batches, odd)] == [store.append(each) for each in (*batches, odd)]  # their first answers
    for each in events:
        assert loaded.position_at(each.recordedtime) == store.position_at(each.recordedtime)
    with databases[target].loading() as loading:
        assert set(loading.occupied()) == {"events", *COLUMNS}
    store.close()
    loaded.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_log_goes_on_after_a_gap_and_allows_no_other(databases: Databases, kind: str) -> None:
    database = databases[kind]
    store = database.store()
    for number in range(2):
        store.append(numbered_batch(1, number))
    note = event("restorations")
    recorded = datetime.now(UTC).isoformat(timespec="microseconds")
    with database.loading() as loading:
        loading.resume(Resumption("restorations", note, GAP, recorded))
    assert store.append(append("after")).position == GAP + 1
    assert store.append(numbered_batch(1, 1)).position == 6
    assert_log_invariants(events := all_events(store))
    assert [each.position for each in events] == [1, 2, 3, 4, 5, 6, GAP, GAP + 1]
    assert [each.position for each in store.read_all(6 + 3, 1)] == [GAP]  # where a reader is that has seen what is lost
    assert positions_at(store, events) == [each.position for each in events]
    refuse_a_gap(database)
    store.close()


def positions_at(store: EventStore, events: list[EventMessage]) -> list[int]:
    """The position at the time of each event that is the last one of its time."""
    last = {each.recordedtime: each.position for each in events}
    return [store.position_at(each.recordedtime) + each.position - last[each.recordedtime] for each in events]


def refuse_a_gap(database: Database) -> None:
    """The guard of the SQLite log is there again; in PostgreSQL services may not insert at all."""
    if not database.is_postgres:
        connection = sqlite3.connect(database.address)  # which makes no table or trigger
        with closing(connection), pytest.raises(sqlite3.IntegrityError, match="what was recorded is never replaced"):
            connection.execute(INSERT, (GAP + 9, "s", 1, "t", "2024", "{}"))


def breaking_off(messages: Iterator[bytes]) -> Iterator[bytes]:
    yield from messages
    raise ZeroDivisionError


def test_nothing_is_loaded_when_the_block_fails(databases: Databases) -> None:
    source = databases["sqlite"]
    source.store().append(numbered_batch(1, 0))
    for name in ("other sqlite", "postgres"):
        with source.snapshot() as snapshot, pytest.raises(ZeroDivisionError), databases[name].loading() as loading:
            loading.load_messages(breaking_off(snapshot.messages()))
        with databases[name].loading() as loading:
            assert loading.occupied() == []
            assert loading.last() is None


def test_rows_that_are_there_stay_as_they_are(databases: Databases) -> None:
    for name in ("sqlite", "postgres"):
        with databases[name].loading() as loading:
            loading.load_rows("checkpoints", [("relay", 7)])
            loading.load_rows("checkpoints", [("relay", 3), ("feed", 3)])
        with databases[name].snapshot() as snapshot:
            assert [*snapshot.rows("checkpoints")] == [("feed", 3), ("relay", 7)]


def test_a_standby_is_read_and_refused_as_a_target(databases: Databases) -> None:
    """A database that is set read-only answers as a standby does."""
    database = databases["postgres"]
    store = database.store()
    store.append(numbered_batch(1, 0))
    store.close()
    name = database.address.rpartition("/")[2].partition("?")[0]
    with psycopg.connect(database.address, autocommit=True) as session:
        session.execute(f'alter database "{name}" set default_transaction_read_only = on'.encode())
    assert len(database.content()["events"]) == 3
    with pytest.raises(Misconfigured, match="standby"):
        postgres.check_writable(Address(database.address))
    with pytest.raises(Misconfigured, match="standby"), postgres.loading(Address(database.address)) as loading:
        loading.load_rows("checkpoints", [("relay", 7)])


def test_whoever_does_not_own_the_log_loads_nothing(databases: Databases) -> None:
    database, role = databases["postgres"], f"service_{uuid4().hex[:8]}"
    database.store().close()
    with psycopg.connect(database.address, autocommit=True) as session:
        session.execute(f"create role {role} login password 'service' in role parcours_service".encode())
    user = database.address.partition("://")[2].rpartition("@")[2]
    with (
        pytest.raises(Misconfigured, match="events"),
        postgres.loading(Address(f"postgresql://{role}:service@{user}")) as loading,
    ):
        loading.resume(Resumption("s", event("s"), GAP, "2024-01-01T00:00:00+00:00"))


def test_a_file_without_the_tables_has_no_rows(databases: Databases) -> None:
    databases["sqlite"].store().append(numbered_batch(1, 0))
    with databases["sqlite"].snapshot() as snapshot:
        assert {table: [*snapshot.rows(table)] for table in BESIDE_LOG} == {table: [] for table in BESIDE_LOG}
