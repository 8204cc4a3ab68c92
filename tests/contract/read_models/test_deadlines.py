"""Of read models in PostgreSQL: no process keeps others waiting, whatever becomes of it, and none waits for a silent server."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from services.reporting.projection.deadlines import BoundedConnection
from services.reporting.projection.read_models import ReadModels
from services.reporting.queries.reports import Reports
from shared.errors import Unavailable
from tests.contract.read_models.tables import random_history
from tests.forks import WITH_ITS_PARENT
from tests.servers.postgres import PostgresServer
from tests.unit.reporting.history import ORNE

ROOT = Path(__file__).parents[3]


@pytest.mark.long
def test_a_writer_that_is_frozen_keeps_no_other_waiting(postgres_dsn: str) -> None:
    report, events = Reports(postgres_dsn, ORNE, lambda positions: []), random_history(1, 5)
    command = [*WITH_ITS_PARENT, sys.executable, "-m", "tests.contract.read_models.freezing", postgres_dsn]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin
        assert other.stdout
        assert other.stdout.readline() == "writing\n"
        other.send_signal(signal.SIGSTOP)
        assert report.apply(events) == events[-1].position  # waits for the lock, and has it before the statement's time is over
        other.send_signal(signal.SIGCONT)
        other.stdin.write("\n")
        other.stdin.flush()
        assert other.stdout.readline() == "refused\n"
    assert report.position() == events[-1].position
    report.close()


def test_an_address_may_name_several_hosts_with_their_ports(postgres_dsn: str) -> None:
    """The first that accepts writes is used, as with the log."""
    user, _, place = postgres_dsn.partition("@")
    host, _, database = place.partition("/")
    models = ReadModels(f"{user}@127.0.0.1:1,{host}/{database}?target_session_attrs=read-write")
    with models.reading() as connection:
        assert connection.execute(text("select 1")).scalar_one() == 1
    models.close()


def ask_when_frozen(models: ReadModels) -> None:
    with models.writing() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, BoundedConnection)
        driver.answer_timeout = 0.5
        pid = driver.info.backend_pid
        os.kill(pid, signal.SIGSTOP)
        try:
            connection.execute(text("select 1"))
        finally:
            os.kill(pid, signal.SIGCONT)
            assert driver.closed


def test_a_server_that_is_silent_is_unavailable_and_its_connection_is_closed(own_postgres: PostgresServer) -> None:
    models = ReadModels(own_postgres.dsn)
    with pytest.raises(Unavailable):
        ask_when_frozen(models)
    with models.reading() as connection:
        assert connection.execute(text("select 1")).scalar_one() == 1
    models.close()
