"""Starting and stopping: in any order, with the servers there or not."""

import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pika
import pytest
from pika.exceptions import AMQPError

from tests.forks import ROOT
from tests.processes import Process, Product, eventually, in_one_process
from tests.servers import PostgresServer, RabbitmqServer, free_port


def test_a_service_that_starts_before_its_servers_waits_for_them_and_works(
    tmp_path: Path, own_postgres: PostgresServer, own_rabbitmq: RabbitmqServer
) -> None:
    dsn, uri = own_postgres.create_database(), own_rabbitmq.create_vhost()
    env = {"PARCOURS_AMQP_URI": uri, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn, "PARCOURS_KEYS": str(tmp_path / "keys")}
    env["PARCOURS_PERSON_KEYS"] = f"sqlite:///{tmp_path}/person_keys.sqlite"
    own_postgres.kill()
    own_rabbitmq.kill()
    words = ("--data", str(tmp_path), "--port", str(free_port()))
    services = [Process("service", name, *words, env=env, log=tmp_path / f"{name}.log", imports=True) for name in ("reporting", "relay")]
    try:
        for service in services:
            service.start()
        eventually(lambda: all("wait" in service.log.read_text() for service in services), "both say that they wait")
        own_postgres.start()
        own_rabbitmq.start()
        eventually(lambda: queue_exists(uri, "reporting.requests"), "reporting answers", 120)
    finally:
        for service in services:
            service.end()
    assert [service.child.returncode for service in services if service.child] == [0, 0]


def test_a_service_whose_servers_are_away_still_ends_when_it_is_told(
    tmp_path: Path, own_postgres: PostgresServer, own_rabbitmq: RabbitmqServer
) -> None:
    dsn, uri = own_postgres.create_database(), own_rabbitmq.create_vhost()
    env = {"PARCOURS_AMQP_URI": uri, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn, "PARCOURS_KEYS": str(tmp_path / "keys")}
    env["PARCOURS_PERSON_KEYS"] = f"sqlite:///{tmp_path}/person_keys.sqlite"
    service = Process(
        "service", "coaching", "--data", str(tmp_path), "--port", str(free_port()), env=env, log=tmp_path / "log", imports=True
    )
    try:
        service.start()
        eventually(lambda: queue_exists(uri, "coaching.requests"), "coaching answers", 120)
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
    env["PARCOURS_PERSON_KEYS"] = f"sqlite:///{tmp_path}/person_keys.sqlite"
    service = Process("service", name, "--data", str(tmp_path), "--port", str(free_port()), env=env, log=tmp_path / "log", imports=True)
    try:
        service.start()
        eventually(lambda: not service.alive(), "its end", 60)
        assert service.child is not None
        output = service.log.read_text()
        assert (service.child.returncode, "earlier version" in output, "Traceback" in output) == (1, True, False), output
    finally:
        service.kill()


def ended(folder: Path, *words: str, env: Mapping[str, str]) -> tuple[int, str]:
    """The exit code and the output of a process that ends by itself."""
    process = Process(*words, "--data", str(folder), "--port", str(free_port()), env=env, log=folder / "log", imports=True)
    try:
        process.start()
        eventually(lambda: not process.alive(), "its end", 60)
        assert process.child is not None
        return process.child.wait(1), process.log.read_text()
    finally:
        process.kill()


def broker_away(folder: Path) -> Mapping[str, str]:
    """Of processes of their own, on the files that `serve` uses by itself."""
    files = {"PARCOURS_EVENT_STORE": "log.sqlite", "PARCOURS_READ_MODELS": "read_models.sqlite", "PARCOURS_PERSON_KEYS": "keys.sqlite"}
    return {"PARCOURS_AMQP_URI": "amqp://127.0.0.1:1/", **{name: f"sqlite:///{folder}/{file}" for name, file in files.items()}}


@pytest.mark.parametrize("words", [("serve",), ("service", "coaching"), ("service", "gateway")])
@pytest.mark.parametrize(
    ("variable", "content"), [("PARCOURS_KEYS", "short"), ("PARCOURS_TERRITORIES", None), ("PARCOURS_TERRITORIES", "{")]
)
def test_a_wrong_setting_ends_every_process_with_one_sentence(
    tmp_path: Path, words: tuple[str, ...], variable: str, content: str | None
) -> None:
    file = tmp_path / "given"
    if content is not None:
        file.write_text(content)
    code, output = ended(tmp_path, *words, env={variable: str(file), **(broker_away(tmp_path) if words[0] == "service" else {})})
    assert (code, variable in output, str(file) in output, "Traceback" in output) == (2, True, True, False), output


@pytest.mark.parametrize(
    "words", [("serve",), ("service", "relay"), ("service", "coaching"), ("service", "reporting"), ("service", "gateway")]
)
@pytest.mark.parametrize("content", [b"\x07" * 9_000, b"SQLite format 3\0" + b"\x07" * 9_000], ids=["header", "pages"])
def test_a_damaged_log_ends_every_process_and_is_left_as_it_is(tmp_path: Path, words: tuple[str, ...], content: bytes) -> None:
    log = tmp_path / "log.sqlite"
    log.write_bytes(content)
    code, output = ended(tmp_path, *words, env=broker_away(tmp_path) if words[0] == "service" else {})
    assert (code, str(log) in output, "restore it from a copy" in output) == (1, True, True), output
    assert "Traceback" not in output
    assert log.read_bytes() == content


def test_a_log_that_is_damaged_while_it_is_served_ends_the_process(tmp_path: Path) -> None:
    with in_one_process(tmp_path) as product:
        product.token("coach")
        for suffix in ("", "-wal"):
            with (tmp_path / f"log.sqlite{suffix}").open("r+b") as file:
                file.write(b"\x07" * 100_000)
        process = product.processes["serve"]
        eventually(lambda: ended_by_a_command(product, process), "its end")
        assert process.child is not None
        output = process.log.read_text()
        assert (process.child.returncode, "restore it from a copy" in output) == (1, True), output


def ended_by_a_command(product: Product, process: Process) -> bool:
    """A process that has read the log lately may notice the damage only when it reads it again, as for a command."""
    if process.alive():
        product.send("IdentifyPerson", {"person": str(uuid4()), "channel": "RUE", "place": "Marché", "radar": "INCONNU"})
    return not process.alive()


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


FAILING_SUPERVISION = """
import sys
from pathlib import Path
from services.cli import serve
from services.bootstrap import hosting
from services.bootstrap.composition import Components
from services.bootstrap.settings import read_settings

def run_relay(components, stop):
    raise LookupError("outside of what is started again")

hosting.run_relay = run_relay
sys.exit(hosting.host(Components(read_settings(Path(sys.argv[1]))), [], relay=True))
"""


def test_a_failure_outside_of_what_is_started_again_ends_the_process(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", FAILING_SUPERVISION, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "outside of what is started again" in done.stderr) == (1, True), done.stderr


NEVER_STOPPING = """
import sys, time
from pathlib import Path
from services.cli import serve
from services.bootstrap import hosting
from services.bootstrap.composition import Components
from services.bootstrap.settings import read_settings
from eventlet.patcher import original
from shared.runtime.native_threads import native

def run_relay(components, stop):
    print("runs", flush=True)
    native(original("time").sleep, 3600)

hosting.run_relay, hosting.SHUTDOWN_GRACE_S = run_relay, 0.2
sys.exit(hosting.host(Components(read_settings(Path(sys.argv[1]))), [], relay=True))
"""


def test_a_process_ends_although_a_native_thread_does_not(tmp_path: Path) -> None:
    """Whoever stops it would kill it in the end; until then a restart would wait."""
    command = [sys.executable, "-W", "ignore", "-c", NEVER_STOPPING, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "runs\n"
        child.terminate()
        try:
            _, errors = child.communicate(timeout=60)
        finally:
            child.kill()
    assert (child.returncode, "has not stopped" in errors) == (0, True)
