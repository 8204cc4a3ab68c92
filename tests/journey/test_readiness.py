"""Readiness of real processes: a gateway that can answer stays ready while the parts beside it are frozen or dead, and names them."""

import signal
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.processes import Product, eventually, is_well, running

AWAY = {"coaching", "relay"}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Product]:
    postgres, rabbitmq = request.getfixturevalue("postgres_server"), request.getfixturevalue("rabbitmq_server")
    with postgres.database() as dsn, rabbitmq.vhost() as uri:
        env = {"PARCOURS_AMQP_URI": uri, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn}
        with running(tmp_path_factory.mktemp("readiness"), env) as product:
            yield product


def waiting(product: Product) -> set[str]:
    """What waits beside the gateway, which is ready."""
    answer = product.client.get("/readyz")
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["status"]) == (200, "ready"), body
    return {name for name, each in body["components"].items() if each["state"] != "ready"}


def meet(product: Product) -> None:
    product.must("IdentifyPerson", {"person": str(uuid4()), "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"})


def test_what_is_frozen_or_dead_beside_a_gateway_is_named_and_leaves_it_ready(product: Product) -> None:
    coaching, relay = product.processes["coaching"], product.processes["relay"]
    assert coaching.child is not None
    relay.kill()
    coaching.child.send_signal(signal.SIGSTOP)
    try:
        meet(product)  # what is not away goes on
        eventually(lambda: waiting(product) == AWAY, "both are named", 30)
    finally:
        coaching.child.send_signal(signal.SIGCONT)
        relay.start()
    eventually(lambda: is_well(product.client), "both are back")
