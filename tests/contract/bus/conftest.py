"""The fixture `bus` runs a test on RabbitMQ, without and with TLS, and on the embedded broker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.bus.running import Bus

URIS = {"rabbitmq": "rabbitmq_uri", "amqps": "amqps_uri"}


@pytest.fixture(params=["rabbitmq", pytest.param("amqps", marks=pytest.mark.long), "embedded"])  # test_tls.py has the essentials of it
def bus(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bus]:
    uri: str = request.getfixturevalue(URIS[request.param]) if request.param in URIS else "embedded://localhost"
    bus = Bus(uri, tmp_path)
    yield bus
    bus.close()
