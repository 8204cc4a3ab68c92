"""The fixture `bus` runs a test on RabbitMQ and on the embedded broker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.bus.running import Bus


@pytest.fixture(params=["rabbitmq", "embedded"])
def bus(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bus]:
    uri: str = request.getfixturevalue("rabbitmq_uri") if request.param == "rabbitmq" else "embedded://localhost"
    bus = Bus(uri, tmp_path)
    yield bus
    bus.close()
