"""Setting up a PostgreSQL log: by its owner, once, with any defaults; and never over a newer version."""

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from shared.errors import Misconfigured, Outdated
from shared.store.postgres.checkpoints import PostgresCheckpoints
from shared.store.postgres.schema import DIGESTS, SCRIPTS, VERSION
from shared.store.postgres.store import PostgresStore
from tests.contract.store.writing import all_events, append

CREATE_EARLIER_SHAPE = "create table public.events (position bigint primary key, stream text, version bigint, body json)"
SET_VERSION_WITHOUT_NUMBER = "comment on table public.events is 'parcours log 0123456789abcdef'"
SET_NEWER_VERSION = (
    "comment on table public.events is 'parcours log, version 999999'; comment on function public.position_at is 'of tomorrow'"
)
SELECT_COMMENTS = "select obj_description('public.position_at'::regproc), obj_description('public.events'::regclass)"


def run(dsn: str, statement: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(statement.encode())


@pytest.fixture
def service_dsn(postgres_dsn: str) -> str:
    """An address of the empty database that connects as the role of the services."""
    run(postgres_dsn, "do $$ begin create role parcours_service nologin; exception when duplicate_object then null; end $$")
    return psycopg.conninfo.make_conninfo(postgres_dsn, options="-c role=parcours_service")


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_many_processes_can_start_at_the_same_time_with_any_default_isolation(postgres_dsn: str, isolation: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(postgres_dsn)["dbname"]
    run(postgres_dsn, f"alter database {name} set default_transaction_isolation = '{isolation}'")
    with ThreadPoolExecutor(12) as pool:
        opened = list(pool.map(lambda number: (PostgresStore, PostgresCheckpoints)[number % 2](postgres_dsn), range(12)))
    assert isinstance(opened[0], PostgresStore)
    opened[0].append(append("a"))
    assert [store.head() for store in opened if isinstance(store, PostgresStore)] == [1] * 6


def test_a_service_does_not_start_before_the_owner_has_set_up_the_log(postgres_dsn: str, service_dsn: str) -> None:
    for opens in (PostgresStore, PostgresCheckpoints):
        with pytest.raises(Misconfigured, match="owner"):
            opens(service_dsn)
    PostgresStore(postgres_dsn)
    PostgresCheckpoints(service_dsn).save("relay", 1)
    assert PostgresStore(service_dsn).append(append("a")).version == 1


def test_a_service_does_not_start_on_a_log_of_an_older_version(postgres_dsn: str, service_dsn: str) -> None:
    PostgresStore(postgres_dsn)
    run(postgres_dsn, SET_VERSION_WITHOUT_NUMBER)
    with pytest.raises(Misconfigured, match="owner"):
        PostgresStore(service_dsn)
    PostgresStore(postgres_dsn)
    assert PostgresStore(service_dsn).head() == 0


@pytest.mark.parametrize("dsn", ["postgres_dsn", "service_dsn"])
def test_a_log_of_an_earlier_shape_is_refused_for_its_owner_and_for_a_service(request: pytest.FixtureRequest, dsn: str) -> None:
    address = request.getfixturevalue(dsn)
    run(request.getfixturevalue("postgres_dsn"), CREATE_EARLIER_SHAPE)
    with pytest.raises(Outdated):
        PostgresStore(address)


def test_a_log_of_an_earlier_shape_is_left_unchanged(postgres_dsn: str) -> None:
    run(postgres_dsn, f"{CREATE_EARLIER_SHAPE}; insert into public.events values (1, 'a', 1, '{{}}')")
    with pytest.raises(Outdated, match="earlier version"):
        PostgresStore(postgres_dsn)
    with psycopg.connect(postgres_dsn) as connection:
        assert connection.execute("select * from public.events").fetchall() == [(1, "a", 1, {})]


@pytest.mark.parametrize("dsn", ["postgres_dsn", "service_dsn"])
def test_a_log_of_a_newer_version_is_used_unchanged(request: pytest.FixtureRequest, dsn: str) -> None:
    """Otherwise each start of an older process would replace the functions that newer processes rely on."""
    address, owner = request.getfixturevalue(dsn), request.getfixturevalue("postgres_dsn")
    PostgresStore(owner)
    run(owner, SET_NEWER_VERSION)
    store = PostgresStore(address)
    store.append(append("a"))
    assert len(all_events(store)) == 1
    with psycopg.connect(owner) as connection:
        assert connection.execute(SELECT_COMMENTS).fetchone() == ("of tomorrow", "parcours log, version 999999")


def test_changed_statements_are_a_new_version() -> None:
    """If this fails, add the new digest to DIGESTS in shared/store/postgres/schema.py: logs with a lower version are then set up again.

    Comments and spacing do not count: a database that was set up with other comments behaves in the same way.
    """
    statements = " ".join(re.sub(r"--[^\n]*", "", "".join(SCRIPTS)).split())
    assert hashlib.sha256(statements.encode()).hexdigest()[:16] == DIGESTS[-1]
    assert len(set(DIGESTS)) == VERSION
