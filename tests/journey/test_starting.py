"""Starting and stopping: in any order, with the servers there or not."""

from pathlib import Path

import pika
from pika.exceptions import AMQPError

from tests.processes import Process, eventually
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
        eventually(lambda: "waits" in service.log.read_text(), "it says that it waits")
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
