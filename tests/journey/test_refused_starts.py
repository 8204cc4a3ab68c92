"""What only a server can say of the configuration, and what no output may say: processes with servers that refuse, are away, or change."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from shared.address import Address
from shared.store.postgres.store import PostgresStore
from tests.journey.test_starting import ended
from tests.processes import Process, eventually, free_port
from tests.servers import GivenPostgres, GivenRabbitmq

BROKERS = ("sesame-of-broker-1", "sesame-of-broker-2", "sesame-of-broker-3")
LOG, MODELS = "sesame-of-the-log", "sesame-of-the-models"
AWAY = ";".join(f"amqp://u:{password}@127.0.0.1:1/v" for password in BROKERS)


def with_password(address: str, password: str) -> str:
    place = urlsplit(address)
    return place._replace(netloc=f"{place.username}:{password}@{place.hostname}:{place.port}").geturl()


def shows_no_password(output: str, environment: Mapping[str, str]) -> None:
    """Neither those of this test nor the right ones of its servers."""
    given = {secret for value in environment.values() for secret in Address(value).secrets()}
    assert given
    assert [secret for secret in given if secret in output] == []


def person_keys(folder: Path) -> dict[str, str]:
    """Those are in a file, which refuses nobody."""
    return {"PARCOURS_PERSON_KEYS": f"sqlite:///{folder}/person_keys.sqlite"}


@pytest.fixture
def refusing(postgres_dsn: str, rabbitmq_uri: str, tmp_path: Path) -> dict[str, str]:
    """One broker is away, one refuses the password, one has no such virtual host; the log and the read models refuse theirs."""
    brokers = (f"amqp://u:{BROKERS[0]}@127.0.0.1:1/v", with_password(rabbitmq_uri, BROKERS[1]), f"{rabbitmq_uri}-of-another-name")
    return {
        "PARCOURS_AMQP_URI": ";".join(brokers),
        "PARCOURS_EVENT_STORE": with_password(postgres_dsn, LOG),
        "PARCOURS_READ_MODELS": with_password(postgres_dsn, MODELS).replace("postgresql:", "postgresql+psycopg:"),
        "PARCOURS_KEYS": str(tmp_path / "keys"),
        **person_keys(tmp_path),
    }


PROCESSES = [
    (("serve",), "EVENT_STORE", "READ_MODELS", "AMQP_URI"),
    (("service", "coaching"), "EVENT_STORE", "AMQP_URI"),
    (("service", "reporting"), "EVENT_STORE", "READ_MODELS", "AMQP_URI"),
    (("service", "webhooks"), "EVENT_STORE", "AMQP_URI"),
    (("service", "gateway"), "EVENT_STORE", "AMQP_URI"),
    (("service", "relay"), "EVENT_STORE", "AMQP_URI"),
    (("check",), "EVENT_STORE", "READ_MODELS", "AMQP_URI"),
    (("history",), "EVENT_STORE"),
    (("indicators", "--quarter", "2024-Q2"), "EVENT_STORE", "READ_MODELS"),
]


@pytest.mark.parametrize(("words", "variables"), [(words, variables) for words, *variables in PROCESSES], ids=lambda value: " ".join(value))
def test_servers_that_refuse_end_every_process_with_a_sentence_for_each(
    tmp_path: Path, refusing: dict[str, str], words: tuple[str, ...], variables: list[str]
) -> None:
    code, output = ended(tmp_path, *words, env=refusing)
    assert (code, "Traceback" in output) == (2, False), output
    assert {name for name in ("EVENT_STORE", "READ_MODELS", "AMQP_URI") if f"PARCOURS_{name}: " in output} == set(variables), output
    assert "28P01" in output
    if "AMQP_URI" in variables:
        assert "403" in output
        assert "530" in output
    shows_no_password(output, refusing)
    assert {path.name for path in tmp_path.iterdir()} == {"log"}


@contextmanager
def waiting(folder: Path, *words: str, env: Mapping[str, str]) -> Iterator[Process]:
    """A process that goes on; at its end it is told to end, and does so in order."""
    process = Process(*words, "--data", str(folder), "--port", str(free_port()), env=env, log=folder / "log", imports=True)
    try:
        process.start()
        yield process
        assert process.alive(), process.log.read_text()
        process.end()
        assert process.child is not None
        assert process.child.returncode == 0, process.log.read_text()
    finally:
        process.kill()


@pytest.mark.parametrize("name", ["coaching", "gateway", "relay"])
def test_brokers_that_are_away_are_waited_for(tmp_path: Path, postgres_dsn: str, name: str) -> None:
    env = {
        "PARCOURS_AMQP_URI": AWAY,
        "PARCOURS_EVENT_STORE": postgres_dsn,
        "PARCOURS_KEYS": str(tmp_path / "keys"),
        **person_keys(tmp_path),
    }
    with waiting(tmp_path, "service", name, env=env) as process:
        eventually(lambda: process.log.read_text().lower().count("refused") >= len(BROKERS), "each broker is asked")
    assert "waiting for PARCOURS_AMQP_URI" in process.log.read_text()
    shows_no_password(process.log.read_text(), env)


def test_databases_that_are_away_are_waited_for(tmp_path: Path) -> None:
    env = {
        "PARCOURS_AMQP_URI": AWAY,
        "PARCOURS_EVENT_STORE": f"postgresql://u:{LOG}@127.0.0.1:1/log",
        "PARCOURS_READ_MODELS": f"postgresql://u:{MODELS}@127.0.0.1:1/models",
        **person_keys(tmp_path),
    }
    with waiting(tmp_path, "service", "reporting", env=env) as process:
        eventually(lambda: process.log.read_text().count("refused") > 1, "the log is asked again")
    shows_no_password(process.log.read_text(), env)


@contextmanager
def forwarding(listener: socket.socket, address: str) -> Iterator[None]:
    """Forwards every connection to the server of an address."""
    place = urlsplit(address)
    streams: list[socket.socket] = []

    def copy(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection((str(place.hostname), place.port or 0))
                streams.extend((near, far))
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=copy, args=pair, daemon=True).start()

    listener.listen()
    threading.Thread(target=accept, daemon=True).start()
    try:
        yield
    finally:
        for stream in streams:
            stream.close()


def test_a_server_that_comes_late_and_refuses_ends_the_process(tmp_path: Path, postgres_dsn: str, rabbitmq_uri: str) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        late = urlsplit(with_password(postgres_dsn, LOG))
        late = late._replace(netloc=late.netloc.replace(f":{late.port}", f":{listener.getsockname()[1]}"))
        env = {
            "PARCOURS_AMQP_URI": rabbitmq_uri,
            "PARCOURS_EVENT_STORE": late.geturl(),
            "PARCOURS_KEYS": str(tmp_path / "keys"),
            **person_keys(tmp_path),
        }
        process = Process("service", "coaching", "--data", str(tmp_path), env=env, log=tmp_path / "log", imports=True)
        try:
            process.start()
            eventually(lambda: "waiting" in process.log.read_text(), "it waits")
            with forwarding(listener, postgres_dsn):
                eventually(lambda: not process.alive(), "its end")
            assert process.child is not None
            assert (process.child.returncode, "28P01" in process.log.read_text()) == (2, True), process.log.read_text()
        finally:
            process.kill()
    shows_no_password(process.log.read_text(), env)


def test_passwords_that_change_while_a_process_runs_do_not_end_it(
    tmp_path: Path, postgres_server: GivenPostgres, postgres_dsn: str, rabbitmq_server: GivenRabbitmq, rabbitmq_uri: str
) -> None:
    PostgresStore(postgres_dsn).close()  # set up by its owner, it makes the role of the services
    name, vhost = f"u{uuid4().hex}", quote(urlsplit(rabbitmq_uri).path[1:])
    rights = {"configure": ".*", "write": ".*", "read": ".*"}

    def set_passwords(suffix: str) -> None:
        """And end every session, as an administrator does who revokes a password."""
        rabbitmq_server.api.put(f"/users/{name}", json={"password": BROKERS[0] + suffix, "tags": ""}).raise_for_status()
        rabbitmq_server.api.put(f"/permissions/{vhost}/{name}", json=rights).raise_for_status()
        with psycopg.connect(postgres_server.dsn, autocommit=True) as connection:
            connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(name), LOG + suffix))
            connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", (name,))
        for each in rabbitmq_server.api.get("/connections").json():
            if each.get("user") == name:
                rabbitmq_server.api.delete(f"/connections/{quote(each['name'], safe='')}")

    with psycopg.connect(postgres_server.dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("create role {} login in role parcours_service").format(sql.Identifier(name)))
    set_passwords("")
    uri = with_password(rabbitmq_uri, BROKERS[0]).replace(f"{rabbitmq_server.user}:", f"{name}:", 1)
    dsn = with_password(postgres_dsn, LOG).replace(f"{urlsplit(postgres_dsn).username}:", f"{name}:", 1)
    env = {"PARCOURS_AMQP_URI": uri, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_KEYS": str(tmp_path / "keys"), **person_keys(tmp_path)}
    try:
        with waiting(tmp_path, "service", "coaching", env=env) as process:
            eventually(lambda: consumed(rabbitmq_server, vhost), "coaching consumes")
            set_passwords("-changed")
            eventually(lambda: refused_often(process), "it says what it waits for")
            set_passwords("")
            eventually(lambda: consumed(rabbitmq_server, vhost), "coaching consumes again", 120)
        shows_no_password(process.log.read_text(), env)
    finally:
        rabbitmq_server.api.delete(f"/users/{name}")
        with psycopg.connect(postgres_server.dsn, autocommit=True) as connection:
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


def refused_often(process: Process) -> bool:
    """By both servers, and for longer than a server that is away at a start is left alone."""
    assert process.alive(), process.log.read_text()
    return all(process.log.read_text().count(words) >= 5 for words in ("password authentication", "ACCESS_REFUSED"))


def consumed(server: GivenRabbitmq, vhost: str) -> bool:
    queues = {queue["name"]: queue.get("consumers", 0) for queue in server.api.get(f"/queues/{vhost}").json()}
    return bool(queues.get("coaching.requests")) and bool(queues.get("coaching.inbox"))
