"""The servers that tests run on keep what was confirmed, and end when they are stopped."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pika
import pika.exceptions
import psycopg
import pytest

from tests.servers import GivenPostgres, GivenRabbitmq, PostgresServer, RabbitmqServer


def rows(dsn: str) -> list[tuple[int]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute("SELECT n FROM kept ORDER BY n").fetchall()


def write(dsn: str, number: int) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (%s)", [number])


@contextmanager
def channel(uri: str) -> Iterator[Any]:
    with pika.BlockingConnection(pika.URLParameters(uri)) as connection:
        opened = connection.channel()
        opened.confirm_delivery()
        opened.queue_declare("kept", durable=True, arguments={"x-queue-type": "quorum"})
        yield opened


def publish(uri: str, text: str) -> None:
    with channel(uri) as opened:
        opened.basic_publish("", "kept", text.encode(), pika.BasicProperties(delivery_mode=2))


def taken(uri: str) -> list[str]:
    found = []
    with channel(uri) as opened:
        while (body := opened.basic_get("kept", auto_ack=True)[2]) is not None:
            found.append(body.decode())
    return found


@pytest.mark.parametrize("test", ["one", "another"])
def test_each_test_has_an_empty_database(postgres_dsn: str, test: str) -> None:
    with psycopg.connect(postgres_dsn) as connection:
        assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)
    write(postgres_dsn, 1)


@pytest.mark.parametrize("test", ["one", "another"])
def test_each_test_has_an_empty_vhost(rabbitmq_uri: str, test: str) -> None:
    publish(rabbitmq_uri, test)
    assert taken(rabbitmq_uri) == [test]


def test_a_database_is_gone_after_its_test(postgres_server: GivenPostgres) -> None:
    with postgres_server.database() as dsn:
        write(dsn, 1)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(dsn)


def test_a_vhost_is_gone_after_its_test(rabbitmq_server: GivenRabbitmq) -> None:
    with rabbitmq_server.vhost() as uri:
        publish(uri, "x")
    assert uri.rsplit("/", 1)[1] not in {vhost["name"] for vhost in rabbitmq_server.api.get("/vhosts").json()}


def test_postgres_is_stopped_started_and_killed(own_postgres: PostgresServer) -> None:
    with own_postgres.database() as dsn:
        write(dsn, 1)
        own_postgres.stop()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(dsn)
        own_postgres.start()
        write(dsn, 2)
        own_postgres.kill()
        assert not own_postgres.alive()
        own_postgres.start()
        assert rows(dsn) == [(1,), (2,)]


def test_rabbitmq_is_stopped_started_and_killed(own_rabbitmq: RabbitmqServer) -> None:
    with own_rabbitmq.vhost() as uri:
        publish(uri, "before the stop")
        own_rabbitmq.stop()
        with pytest.raises(pika.exceptions.AMQPConnectionError):
            publish(uri, "to nobody")
        own_rabbitmq.start()
        publish(uri, "before the kill")
        own_rabbitmq.kill()
        assert not own_rabbitmq.alive()
        own_rabbitmq.start()
        assert taken(uri) == ["before the stop", "before the kill"]
