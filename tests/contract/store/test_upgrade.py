"""A PostgreSQL log that an older version set up: other column orders, and an upgrade while a writer continues."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from shared.store.port import Append
from shared.store.postgres.store import PostgresStore
from tests.contract.store.invariants import assert_log_invariants
from tests.contract.store.writing import all_events, append, numbered_batch

SELECT_COLUMNS = """
select attname, format_type(atttypid, atttypmod), attnotnull from pg_attribute
where attrelid = 'public.events'::regclass and attnum > 0 and not attisdropped order by attnum
"""
# Counts the statements COMMENT: each set-up executes one.
COUNT_SET_UPS = """
create table counted (tag text not null);
create function count_comment() returns event_trigger language plpgsql as 'begin insert into public.counted values (tg_tag); end';
create event trigger counting on ddl_command_end when tag in ('COMMENT') execute function count_comment();
"""
MAKE_OLDER = """
drop function public.position_at;
comment on table public.events is 'parcours log of yesterday';
"""


def run(dsn: str, *statements: LiteralString | sql.Composed) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def recreate_table(dsn: str, *, extra_column: bool) -> None:
    """Replace the empty table of the log by one with the same columns in reverse order, and perhaps an unknown one."""
    with psycopg.connect(dsn) as connection:
        columns: list[sql.Composable] = [
            sql.SQL("{} {} {}").format(sql.Identifier(name), sql.SQL(kind), sql.SQL("not null" if required else ""))
            for name, kind, required in connection.execute(SELECT_COLUMNS).fetchall()
        ]
        if extra_column:
            columns.append(sql.SQL("remark text"))
        definition = sql.SQL(", ").join([*reversed(columns), sql.SQL("primary key (position), unique (stream, version)")])
    run(dsn, "drop table public.events", sql.SQL("create table public.events ({})").format(definition))


@pytest.mark.parametrize("extra_column", [False, True], ids=["reversed", "reversed-and-extra"])
def test_another_column_order_and_an_extra_column_are_accepted(postgres_dsn: str, extra_column: bool) -> None:
    PostgresStore(postgres_dsn).close()
    recreate_table(postgres_dsn, extra_column=extra_column)
    store = PostgresStore(postgres_dsn)
    appends = [append("a"), append("b", 0, 3), append("a", 1, 2)]
    first = [store.append(each) for each in appends]
    assert [store.append(each) for each in appends] == first
    assert [(event.id, event.type, event.subject) for event in all_events(store)] == [
        (event.id, event.type, each.stream) for each in appends for event in each.events
    ]
    assert_log_invariants(all_events(store))
    assert store.read_stream("a")[1:] == store.read_stream("a", 1)
    assert store.position_at(all_events(store)[-1].recordedtime) == store.head() == first[-1].position


def test_an_older_log_is_upgraded_once_while_a_writer_continues(postgres_dsn: str) -> None:
    writer = PostgresStore(postgres_dsn)
    appends: list[Append] = []
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            appends.append(numbered_batch(1, len(appends)))
            writer.append(appends[-1])

    run(postgres_dsn, MAKE_OLDER, COUNT_SET_UPS)
    thread = threading.Thread(target=write)
    thread.start()
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: PostgresStore(postgres_dsn), range(8)))
    stop.set()
    thread.join(30)
    with psycopg.connect(postgres_dsn) as connection:
        assert connection.execute("select count(*) from counted").fetchone() == (1,)
    log = all_events(stores[0])
    assert log
    assert [event.id for event in log] == [event.id for each in appends for event in each.events]
    assert_log_invariants(log)
    assert [store.position_at(log[-1].recordedtime) for store in stores] == [log[-1].position] * 8
