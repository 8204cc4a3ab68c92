"""An event that a service cannot handle, as an operator sees it over HTTP: in one process, and as processes on real servers."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg
import pytest

from tests.processes import Product, eventually, in_one_process, running
from tests.servers import GivenPostgres, GivenRabbitmq

SECRET = "the row of a person"
BREAK_SQLITE = f"""create trigger broken before insert on events when new.type like '%CoachingStarted'
    begin select raise(abort, '{SECRET}'); end"""
MEND_SQLITE = "drop trigger broken"
BREAK_POSTGRES = f"""
create function fail() returns trigger language plpgsql as $$ begin raise exception '{SECRET}'; end $$;
create trigger broken before insert on public.events for each row
    when (new.message::text like '%CoachingStarted%') execute function fail()
"""
MEND_POSTGRES = "drop trigger broken on public.events"


class Setting(NamedTuple):
    """A running product whose log refuses one type of events, how that is mended, and what its dead letters tell."""

    product: Product
    break_log: Callable[[], None]
    mend_log: Callable[[], None]
    fault: str
    queue: str | None


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Setting]:
    def execute(statement: str) -> None:
        with closing(sqlite3.connect(tmp_path / "log.sqlite", timeout=30)) as connection:
            connection.execute(statement)

    with in_one_process(tmp_path) as product:
        yield Setting(product, lambda: execute(BREAK_SQLITE), lambda: execute(MEND_SQLITE), "IntegrityError", None)


@pytest.fixture
def on_servers(tmp_path: Path, rabbitmq_server: GivenRabbitmq, postgres_server: GivenPostgres) -> Iterator[Setting]:
    with rabbitmq_server.vhost() as uri, postgres_server.database() as dsn:

        def execute(statement: str) -> None:
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute(statement)

        env = {"PARCOURS_AMQP_URI": uri, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn}
        with running(tmp_path, env) as product:
            yield Setting(product, lambda: execute(BREAK_POSTGRES), lambda: execute(MEND_POSTGRES), "RaiseException", "intake.dead")


@pytest.fixture(params=["serving", "on_servers"])
def setting(request: pytest.FixtureRequest) -> Setting:
    setting: Setting = request.getfixturevalue(request.param)
    return setting


def read(product: Product) -> list[dict[str, Any]]:
    answer = product.get("/v1/dead-letters", role="operator")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def listed(product: Product) -> list[dict[str, Any]]:
    done = product.tool("dead", "list")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_an_operator_reads_of_a_dead_letter_what_failed_and_nothing_of_whom(setting: Setting) -> None:
    product, person = setting.product, str(uuid4())
    product.must("IdentifyPerson", {"person": person, "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"})
    assert read(product) == []
    setting.break_log()
    opened = product.must("OpenJourney", {"person": person, "referent": "coach-1"})
    eventually(lambda: read(product), "the dead letter")
    (letter,) = read(product)
    assert letter == {
        "id": letter["id"],
        "service": "intake",
        "queue": setting.queue,
        "type": "fr.parcours.coaching.JourneyOpened",
        "position": opened["position"] - len(opened["events"]) + 1,  # the first of its events
        "fault": setting.fault,
        "fault_label": f"5 essais en échec ({setting.fault}).",
        "attempts": 5,
        "first_failed_at": letter["first_failed_at"],
        "last_failed_at": letter["last_failed_at"],
    }
    assert letter["first_failed_at"] < letter["last_failed_at"]
    for secret in (person, "coach-1", SECRET):
        assert secret not in json.dumps(letter)
    for role in ("coach", "coordinator", "partner", "committee", "funder", "dpo"):
        assert product.get("/v1/dead-letters", role=role).status_code == 403

    (line,) = listed(product)
    assert (line["position"], line["attempts"], line["event"]["id"]) == (letter["position"], 5, letter["id"])
    assert product.tool("dead", "replay", "--service", "intake").returncode == 0
    eventually(lambda: [each["attempts"] for each in read(product)] == [10], "it fails again")
    assert read(product)[0]["first_failed_at"] == letter["first_failed_at"]

    setting.mend_log()
    assert product.tool("dead", "replay").returncode == 0
    eventually(lambda: read(product) == [], "it is handled")
