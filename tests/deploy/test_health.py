"""A health check is green when the service is at work, and red, with the reason, when it is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pika
import pytest

from deploy.healthy import late, main, unread
from services.bootstrap.composition import Components
from services.bootstrap.settings import Settings, settings


def place(folder: Path, amqp_uri: str = "embedded://", port: int = 8000) -> Settings:
    return settings(folder, port=port, environ={"PARCOURS_AMQP_URI": amqp_uri})


@contextmanager
def consumed(uri: str, *queues: str) -> Iterator[None]:
    with pika.BlockingConnection(pika.URLParameters(uri)) as connection:
        channel = connection.channel()
        for queue in queues:
            channel.queue_declare(queue, durable=True)
            channel.basic_consume(queue, lambda *_: None)
        yield


def test_a_service_that_listens_is_healthy(rabbitmq_uri: str, tmp_path: Path) -> None:
    with consumed(rabbitmq_uri, "rpc-coaching", "coaching.inbox"):
        assert unread("coaching", place(tmp_path, rabbitmq_uri)) is None


def test_a_service_that_left_its_inbox_is_not(rabbitmq_uri: str, tmp_path: Path) -> None:
    with consumed(rabbitmq_uri, "coaching.inbox"):
        pass
    with consumed(rabbitmq_uri, "rpc-coaching"):
        assert unread("coaching", place(tmp_path, rabbitmq_uri)) == "nobody reads coaching.inbox"


def test_a_service_that_never_came_is_not(rabbitmq_uri: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main("coaching", place(tmp_path, rabbitmq_uri)) == 1
    assert "rpc-coaching" in capsys.readouterr().err


def test_a_relay_is_healthy_until_an_event_waits_too_long(tmp_path: Path) -> None:
    parts = Components(place(tmp_path))
    assert late(place(tmp_path)) is None
    parts.publish_definitions()
    assert late(place(tmp_path)) is None
    assert "waits since" in str(late(place(tmp_path), patience=timedelta(0)))
    parts.checkpoints.save("relay", parts.store.head())
    assert late(place(tmp_path), patience=timedelta(0)) is None


def test_a_gateway_that_does_not_answer_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main("gateway", place(tmp_path, port=1)) == 1
    assert "gateway: URLError" in capsys.readouterr().err
