"""A projection that stopped, and an operator who lets it go on while the product runs: in one process, and as six on real servers."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg
import pytest

from services.reporting.projection.generations import own, schema_suffix
from tests.processes import Process, Product, eventually, read_models_file
from tests.servers import GivenPostgres, GivenRabbitmq

SECRET = "the row of a person"
BREAK_SQLITE = f"create trigger broken before insert on person begin select raise(abort, '{SECRET}'); end"
MEND_SQLITE = "drop trigger broken"
BREAK_POSTGRES = f"""
create function fail() returns trigger language plpgsql as $$ begin raise exception '{SECRET}'; end $$;
create trigger broken before insert on person for each row execute function fail()
"""
MEND_POSTGRES = "drop trigger broken on person"


class Setting(NamedTuple):
    """A running product, and how its table `person` is made to reject rows and to accept them again."""

    product: Product
    break_table: Callable[[], None]
    mend_table: Callable[[], None]
    exception: str


@pytest.fixture
def in_one_process(tmp_path: Path) -> Iterator[Setting]:
    """`parcours serve`: the broker and SQLite inside the process."""
    product = Product(tmp_path, {})
    serve = Process("serve", "--data", str(tmp_path), "--port", str(product.port), env=product.env, log=tmp_path / "serve.log")
    product.processes = {"serve": serve}

    def execute(statement: str) -> None:
        with closing(sqlite3.connect(read_models_file(tmp_path), timeout=30)) as connection:
            connection.execute(statement)

    try:
        product.start()
        yield Setting(product, lambda: execute(BREAK_SQLITE), lambda: execute(MEND_SQLITE), "IntegrityError")
    finally:
        product.stop()


@pytest.fixture
def as_six_processes(tmp_path: Path, rabbitmq_server: GivenRabbitmq, postgres_server: GivenPostgres) -> Iterator[Setting]:
    with rabbitmq_server.vhost() as uri, postgres_server.database() as dsn:
        product = Product(tmp_path, {"PARCOURS_AMQP_URI": uri, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn})

        def execute(statement: str) -> None:
            with psycopg.connect(dsn, autocommit=True, options=f"-c search_path=public{schema_suffix(own())}") as connection:
                connection.execute(statement)

        try:
            product.start()
            yield Setting(product, lambda: execute(BREAK_POSTGRES), lambda: execute(MEND_POSTGRES), "RaiseException")
        finally:
            product.stop()


@pytest.fixture(params=["in_one_process", "as_six_processes"])
def setting(request: pytest.FixtureRequest) -> Setting:
    setting: Setting = request.getfixturevalue(request.param)
    return setting


def listed(product: Product) -> dict[str, Any]:
    done = product.tool("projections", "list")
    assert done.returncode == 0, done.stderr
    line: dict[str, Any] = json.loads(done.stdout)
    return line


def read(product: Product) -> dict[str, Any]:
    """The same over HTTP."""
    answer = product.get("/v1/projections", role="operator")
    assert answer.status_code == 200, answer.text
    assert SECRET not in answer.text
    assert product.get("/v1/projections", role="coordinator").status_code == 403
    (line,) = answer.json()["items"]
    found: dict[str, Any] = line
    return found


def test_a_projection_that_stopped_goes_on_after_a_retry_while_the_product_runs(setting: Setting) -> None:
    product = setting.product
    before = listed(product)
    assert (before["service"], before["status"], before["position"]) == ("reporting", "running", before["head"])
    assert (read(product)["state"], read(product)["position"], read(product)["lag"]) == ("live", before["head"], 0)
    assert "nothing to retry" in product.tool("projections", "retry").stderr
    setting.break_table()
    identity = {"person": str(uuid4()), "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}
    product.must("IdentifyPerson", identity)
    eventually(lambda: listed(product)["status"] == "stopped", "the projection stops")
    line = listed(product)
    assert line["position"] < line["head"]
    stop = line["stop"]
    assert (stop["position"], stop["kind"], stop["reason"]) == (line["head"], "intake.PersonIdentified", setting.exception)
    assert SECRET not in json.dumps(line)
    shown = read(product)
    assert (shown["state"], shown["position"], shown["head"], shown["lag"]) == ("stopped", line["position"], line["head"], 1)
    assert shown["stop"] == {
        "position": line["head"],
        "type": "fr.parcours.intake.PersonIdentified",
        "fault": setting.exception,
        "stopped_at": shown["stop"]["stopped_at"],
        "retry_requested": False,
    }
    found = product.client.get("/readyz")
    assert found.status_code == 200  # the gateway answers
    assert (found.json()["well"], found.json()["components"]["reporting"]["state"]) == (False, "waiting")

    retried = product.tool("projections", "retry", "--service", "reporting")
    assert retried.returncode == 0, retried.stderr
    eventually(lambda: listed(product)["stop"]["stopped_at"] > stop["stopped_at"], "it fails again, and stops again")
    assert listed(product)["stop"]["retry_requested"] is False

    setting.mend_table()
    assert product.tool("projections", "retry").returncode == 0
    eventually(lambda: listed(product)["status"] == "running", "the projection goes on")
    after = listed(product)
    assert (read(product)["state"], read(product)["position"], read(product)["stop"]) == ("live", line["head"], None)
    assert after == {"service": "reporting", "status": "running", "position": line["head"], "head": line["head"]}
    product.ready()
