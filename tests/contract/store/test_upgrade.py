"""A PostgreSQL log that an older version set up: columns in another order, functions of yesterday, under a writer that goes on."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from shared.store.port import Append
from shared.store.postgres.store import PostgresStore
from tests.contract.store.whole import assert_whole
from tests.contract.store.writing import append, batch, everything

COLUMNS = """
select attname, format_type(atttypid, atttypmod), attnotnull from pg_attribute
where attrelid = 'public.events'::regclass and attnum > 0 and not attisdropped order by attnum
"""
# Everything that a comment is put on is counted: setting up ends with one.
COUNTED = """
create table counted (tag text not null);
create function count_comment() returns event_trigger language plpgsql as 'begin insert into public.counted values (tg_tag); end';
create event trigger counting on ddl_command_end when tag in ('COMMENT') execute function count_comment();
"""
OF_YESTERDAY = """
drop function public.position_at;
comment on table public.events is 'parcours log of yesterday';
"""


def run(dsn: str, *statements: LiteralString | sql.Composed) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def rebuilt(dsn: str, *, more: bool) -> None:
    """The empty table of the log with the same columns, the last one first, and perhaps one that nobody knows."""
    with psycopg.connect(dsn) as connection:
        columns: list[sql.Composable] = [
            sql.SQL("{} {} {}").format(sql.Identifier(name), sql.SQL(kind), sql.SQL("not null" if required else ""))
            for name, kind, required in connection.execute(COLUMNS).fetchall()
        ]
        if more:
            columns.append(sql.SQL("remark text"))
        wanted = sql.SQL(", ").join([*reversed(columns), sql.SQL("primary key (position), unique (stream, version)")])
    run(dsn, "drop table public.events", sql.SQL("create table public.events ({})").format(wanted))


@pytest.mark.parametrize("more", [False, True], ids=["reversed", "reversed-and-one-more"])
def test_another_column_order_and_an_extra_column_are_accepted(postgres_dsn: str, more: bool) -> None:
    PostgresStore(postgres_dsn).close()
    rebuilt(postgres_dsn, more=more)
    store = PostgresStore(postgres_dsn)
    asked = [append("a"), append("b", 0, 3), append("a", 1, 2)]
    first = [store.append(each) for each in asked]
    assert [store.append(each) for each in asked] == first
    assert [(event.id, event.type, event.subject) for event in everything(store)] == [
        (event.id, event.type, each.stream) for each in asked for event in each.events
    ]
    assert_whole(everything(store))
    assert store.read_stream("a")[1:] == store.read_stream("a", 1)
    assert store.position_at(everything(store)[-1].recordedtime) == store.head() == first[-1].position


def test_an_older_log_is_upgraded_once_while_a_writer_continues(postgres_dsn: str) -> None:
    writer = PostgresStore(postgres_dsn)
    asked: list[Append] = []
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            asked.append(batch(1, len(asked)))
            writer.append(asked[-1])

    run(postgres_dsn, OF_YESTERDAY, COUNTED)
    thread = threading.Thread(target=write)
    thread.start()
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: PostgresStore(postgres_dsn), range(8)))
    over.set()
    thread.join(30)
    with psycopg.connect(postgres_dsn) as connection:
        assert connection.execute("select count(*) from counted").fetchone() == (1,)
    log = everything(stores[0])
    assert log
    assert [event.id for event in log] == [event.id for each in asked for event in each.events]
    assert_whole(log)
    assert [store.position_at(log[-1].recordedtime) for store in stores] == [log[-1].position] * 8
