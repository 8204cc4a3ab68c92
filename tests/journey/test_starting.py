"""Starting and stopping: in any order, with the servers there or not."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pika
import pytest
from pika.exceptions import AMQPError

from tests.processes import ROOT, Process, eventually
from tests.servers import PostgresServer, RabbitmqServer, free_port


def test_a_service_that_starts_before_its_servers_waits_for_them_and_works(
    tmp_path: Path, own_postgres: PostgresServer, own_rabbitmq: RabbitmqServer
) -> None:
    dsn, uri = own_postgres.create_database(), own_rabbitmq.create_vhost()
    env = {"PARCOURS_AMQP_URI": uri, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn, "PARCOURS_KEYS": str(tmp_path / "keys")}
    own_postgres.kill()
    own_rabbitmq.kill()
    words = ("--data", str(tmp_path), "--port", str(free_port()))
    services = [Process("service", name, *words, env=env, log=tmp_path / f"{name}.log") for name in ("reporting", "relay")]
    try:
        for service in services:
            service.start()
        eventually(lambda: all("wait" in service.log.read_text() for service in services), "both say that they wait")
        own_postgres.start()
        own_rabbitmq.start()
        eventually(lambda: queue_exists(uri, "rpc-reporting"), "reporting answers", 120)
    finally:
        for service in services:
            service.end()
    assert [service.child.returncode for service in services if service.child] == [0, 0]


def test_a_service_whose_servers_are_away_still_ends_when_it_is_told(
    tmp_path: Path, own_postgres: PostgresServer, own_rabbitmq: RabbitmqServer
) -> None:
    dsn, uri = own_postgres.create_database(), own_rabbitmq.create_vhost()
    env = {"PARCOURS_AMQP_URI": uri, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn, "PARCOURS_KEYS": str(tmp_path / "keys")}
    service = Process("service", "coaching", "--data", str(tmp_path), "--port", str(free_port()), env=env, log=tmp_path / "log")
    try:
        service.start()
        eventually(lambda: queue_exists(uri, "rpc-coaching"), "coaching answers", 120)
        own_postgres.kill()
        own_rabbitmq.kill()
        eventually(lambda: "waits" in service.log.read_text(), "it logs that it waits")
        service.end()
        assert service.child is not None
        assert service.child.returncode == 0
    finally:
        service.kill()


def queue_exists(uri: str, queue: str) -> bool:
    try:
        connection = pika.BlockingConnection(pika.URLParameters(uri))
        connection.channel().queue_declare(queue, passive=True)
        connection.close()
    except (AMQPError, OSError):
        return False
    return True


@pytest.mark.parametrize("name", ["relay", "coaching"])
def test_a_log_of_an_earlier_shape_ends_its_services_with_a_clear_word(tmp_path: Path, name: str) -> None:
    """A restart cannot mend that. The process ends with an exit code for its supervisor, and no idle process stays."""
    with closing(sqlite3.connect(tmp_path / "log.sqlite")) as old:
        old.execute("create table events (position integer primary key, body text)")
    env = {"PARCOURS_AMQP_URI": "amqp://127.0.0.1:1/", "PARCOURS_EVENT_STORE": f"sqlite:///{tmp_path}/log.sqlite"}
    service = Process("service", name, "--data", str(tmp_path), "--port", str(free_port()), env=env, log=tmp_path / "log")
    try:
        service.start()
        eventually(lambda: not service.alive(), "its end", 60)
        assert service.child is not None
        output = service.log.read_text()
        assert (service.child.returncode, "earlier version" in output, "Traceback" in output) == (1, True, False), output
    finally:
        service.kill()


FALLING = """
import sys
from pathlib import Path
import eventlet
from services.cli import serve
from services.bootstrap import hosting
from services.bootstrap.composition import Components
from services.bootstrap.settings import read_settings

starts = []

class Falling:
    def __init__(self, *parts):
        starts.append(parts)

    def run(self):
        if len(starts) == 1:
            raise KeyError("not foreseen")
        stop.send(0)

    def stop(self):
        pass

hosting.Relay, hosting.RESTART_DELAY_S = Falling, 0.1
serve.log_to_terminal()
stop = eventlet.event.Event()
with eventlet.Timeout(20):
    hosting.run_relay(Components(read_settings(Path(sys.argv[1]), environ={})), stop)
print(len(starts))
"""


def test_a_relay_that_falls_is_started_again(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", FALLING, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "2"), done.stderr
    assert "not foreseen" in done.stderr
