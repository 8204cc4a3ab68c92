"""A health check is green when the service is at work, and red, with the reason, when it is not."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pika
import pytest

from deploy.healthy import main, relay_delayed, without_consumer
from services.bootstrap.composition import Components
from services.bootstrap.names import WITHOUT_INBOX
from services.bootstrap.registry import SERVICES
from services.bootstrap.settings import Settings, read_settings


def settings(folder: Path, amqp_uri: str = "embedded://", port: int = 8000) -> Settings:
    return read_settings(
        folder, port=port, environ={"PARCOURS_AMQP_URI": amqp_uri, "PARCOURS_EVENT_STORE": f"sqlite:///{folder}/log.sqlite"}
    )


@contextmanager
def consumed(uri: str, *queues: str) -> Iterator[None]:
    with pika.BlockingConnection(pika.URLParameters(uri)) as connection:
        channel = connection.channel()
        for queue in queues:
            channel.queue_declare(queue, durable=True)
            channel.basic_consume(queue, lambda *_: None)
        yield


def test_a_service_that_listens_is_healthy(rabbitmq_uri: str, tmp_path: Path) -> None:
    with consumed(rabbitmq_uri, "coaching.requests", "coaching.inbox"):
        assert without_consumer("coaching", settings(tmp_path, rabbitmq_uri)) is None


def test_a_service_that_left_its_inbox_is_not(rabbitmq_uri: str, tmp_path: Path) -> None:
    with consumed(rabbitmq_uri, "coaching.inbox"):
        pass
    with consumed(rabbitmq_uri, "coaching.requests"):
        assert without_consumer("coaching", settings(tmp_path, rabbitmq_uri)) == "coaching.inbox has no consumer"


def test_a_service_that_never_came_is_not(rabbitmq_uri: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main("coaching", settings(tmp_path, rabbitmq_uri)) == 1
    assert "coaching.requests" in capsys.readouterr().err


def test_a_relay_is_healthy_until_an_event_waits_too_long(tmp_path: Path) -> None:
    components = Components(settings(tmp_path))
    assert relay_delayed(settings(tmp_path)) is None
    components.publish_definitions()
    assert relay_delayed(settings(tmp_path)) is None
    assert "has waited for" in str(relay_delayed(settings(tmp_path), max_delay=timedelta(0)))
    components.checkpoints.save("relay", components.store.head())
    assert relay_delayed(settings(tmp_path), max_delay=timedelta(0)) is None


def test_it_is_known_without_the_services_which_of_them_have_no_inbox() -> None:
    assert {name for name, service in SERVICES.items() if not service.inbox} == set(WITHOUT_INBOX)


def test_a_check_is_small_beside_the_product() -> None:
    """Those of fourteen containers run every few seconds while the services start."""
    code = "import sys, deploy.healthy; print(*(name for name in sys.modules if name in {'sqlalchemy', 'grpc', 'eventlet', 'marshmallow'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_gateway_that_does_not_answer_is_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main("gateway", settings(tmp_path, port=1)) == 1
    assert "gateway: URLError" in capsys.readouterr().err
