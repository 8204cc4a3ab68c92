"""Recorded events cannot be changed or deleted, by any statement and any role."""

import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from shared.store.postgres.store import PostgresStore
from shared.store.sqlite.store import SqliteStore
from tests.contract.store.writing import all_events, append

CHANGES = ["update events set type = 'x'", "delete from events", "delete from events where position = 1"]
FORGED_MESSAGE = "replace(message, 'Counted', 'Forged') from events where position = 1"
REPLACEMENTS = [
    f"insert or replace into events select position, stream, version, type, recorded_at, {FORGED_MESSAGE}",
    f"replace into events select position, stream, version, type, recorded_at, {FORGED_MESSAGE}",
    f"insert or replace into events select position + 1, stream, version, type, recorded_at, {FORGED_MESSAGE}",
    f"insert or replace into events select null, stream, version, type, recorded_at, {FORGED_MESSAGE}",
    f"insert into events select position - 1, stream, version + 9, type, recorded_at, {FORGED_MESSAGE}",
    f"insert into events select position + 9, stream, version + 9, type, recorded_at, {FORGED_MESSAGE}",
    "insert into events select * from events where true on conflict do update set message = '{}'",
    "update or replace events set message = '{}'",
]


@pytest.mark.parametrize("change", [*CHANGES, *REPLACEMENTS])
def test_sqlite_refuses_to_change_recorded_events(tmp_path: Path, change: str) -> None:
    store = SqliteStore(tmp_path / "log.sqlite")
    store.append(append("a"))
    with closing(sqlite3.connect(store.path)) as connection, pytest.raises(sqlite3.IntegrityError, match="never"), connection:
        connection.execute(change)
    assert [event.kind for event in all_events(store)] == ["counting.Counted"]


def test_opening_an_older_sqlite_log_adds_the_triggers_it_lacks(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "log.sqlite")
    store.append(append("a"))
    store.writer.connection.execute("drop trigger events_are_never_replaced")
    SqliteStore(store.path)
    with closing(sqlite3.connect(store.path)) as connection, pytest.raises(sqlite3.IntegrityError, match="never"):
        connection.execute(REPLACEMENTS[0])


@pytest.mark.parametrize("change", [*CHANGES, "truncate events"])
def test_postgres_refuses_to_change_recorded_events_even_for_the_owner(postgres_dsn: str, change: str) -> None:
    store = PostgresStore(postgres_dsn)
    store.append(append("a"))
    with psycopg.connect(postgres_dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege, match="never"):
        connection.execute(change.encode())
    assert len(all_events(store)) == 1


@pytest.fixture
def service_dsn(postgres_dsn: str) -> str:
    """An address of the log that connects as the role of the services."""
    PostgresStore(postgres_dsn).append(append("before"))
    return psycopg.conninfo.make_conninfo(postgres_dsn, options="-c role=parcours_service")


def test_the_service_role_can_append_read_and_wait(service_dsn: str) -> None:
    store = PostgresStore(service_dsn)
    answer = store.append(append("a", 0, 3))
    assert [event.subject for event in all_events(store)] == ["before", "a", "a", "a"]
    assert store.position_at(all_events(store)[-1].recordedtime) == answer.position == store.head()
    assert store.wait(0, 1)


@pytest.mark.parametrize(
    "change",
    [
        *CHANGES,
        "truncate events",
        "insert into events values (99, 'a', 1, 'x', now(), '{}')",  # bypassing the lock, this could break the order of the log
        "drop table events",
        "alter table events disable trigger all",
        "create or replace function public.append_events() returns int language sql as 'select 1'",
    ],
)
def test_the_service_role_can_do_nothing_else(service_dsn: str, change: str) -> None:
    with psycopg.connect(service_dsn) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(change.encode())


def test_a_user_of_the_role_that_all_services_share_appends_anything(postgres_dsn: str) -> None:
    """Whoever logs in is judged, not the role that a session takes: here with a password."""
    PostgresStore(postgres_dsn).close()
    name = f"services_{uuid4().hex[:12]}"
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f"create role {name} login password 'shared' in role parcours_service".encode())
    try:
        store = PostgresStore(psycopg.conninfo.make_conninfo(postgres_dsn, user=name, password="shared"))
        store.append(append("a"))
        assert len(all_events(store)) == 1
        store.close()
    finally:
        with psycopg.connect(postgres_dsn, autocommit=True) as connection:
            connection.execute(f"drop role {name}".encode())


def test_any_other_role_can_neither_read_nor_append(postgres_dsn: str) -> None:
    PostgresStore(postgres_dsn)
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute("create role other_role_of_this_test nologin")
        connection.execute("set role other_role_of_this_test")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute("select * from events")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute("select append_events('{}', '{}', '{}', '{}', '{}', '{}')")
        connection.rollback()
