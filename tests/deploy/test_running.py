"""The services as docker-compose.yml starts them, watched by the checks it names, on the parts it names."""

from collections.abc import Iterator
from urllib.parse import quote, urlsplit
from uuid import uuid4

import pytest

from deploy.healthy import main
from services.bootstrap.names import PROCESSES
from services.bootstrap.settings import Settings, read_settings
from tests.processes import Product, eventually, running
from tests.servers import GivenPostgres, GivenRabbitmq


@pytest.fixture(scope="module")
def vhost(rabbitmq_server: GivenRabbitmq) -> Iterator[str]:
    with rabbitmq_server.vhost() as uri:
        yield uri


@pytest.fixture(scope="module")
def product(vhost: str, postgres_server: GivenPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("product")
    with postgres_server.database() as log, postgres_server.database() as models:
        env = {
            "PARCOURS_AMQP_URI": vhost,
            "PARCOURS_EVENT_STORE": log,
            "PARCOURS_READ_MODELS": models,
            "PARCOURS_ENVIRONMENT": "rehearsal",
        }
        with running(folder, env) as started:
            yield started


@pytest.fixture
def place(product: Product) -> Settings:
    return read_settings(product.folder, port=product.port, environ=product.env)


@pytest.mark.parametrize("service", PROCESSES)
def test_a_running_service_is_healthy(service: str, place: Settings) -> None:
    eventually(lambda: main(service, place) == 0, f"the health of {service}", seconds=30)


def test_no_queue_needs_what_rabbitmq_4_deprecates(product: Product, rabbitmq_server: GivenRabbitmq, vhost: str) -> None:
    """Queues that are neither durable nor exclusive are refused by its next versions."""
    queues = rabbitmq_server.api.get(f"/queues/{quote(urlsplit(vhost).path[1:])}").json()
    assert {queue["name"] for queue in queues} >= {f"rehearsal.{name}" for name in ("journey.feed", "coaching.inbox", "coaching.requests")}
    assert [queue["name"] for queue in queues if not (queue["durable"] or queue["exclusive"])] == []


def test_everything_on_the_broker_bears_the_name_of_the_environment(product: Product, rabbitmq_server: GivenRabbitmq, vhost: str) -> None:
    """A command goes by RPC, and its event through the exchange: both work under these names, and nothing has another."""
    person = str(uuid4())
    product.must("IdentifyPerson", {"person": person, "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"})
    eventually(lambda: product.get(f"/parcours/{person}", role="coordinator").is_success, "the projection knows the person")
    for kind in ("queues", "exchanges"):
        found = rabbitmq_server.api.get(f"/{kind}/{quote(urlsplit(vhost).path[1:])}").json()
        names = {each["name"] for each in found} - {""}
        assert {name for name in names if not name.startswith(("rehearsal.", "amq."))} == set(), kind


@pytest.mark.parametrize("service", ["referrals", "gateway"])
def test_a_service_that_fell_is_not_healthy(service: str, product: Product, place: Settings) -> None:
    product.processes[service].kill()
    try:
        eventually(lambda: main(service, place) == 1, f"the end of {service}", seconds=30)
    finally:
        product.processes[service].start()
    eventually(lambda: main(service, place) == 0, f"the return of {service}", seconds=60)


@pytest.mark.parametrize("service", PROCESSES)
def test_a_service_that_is_told_to_end_ends_in_order(service: str, product: Product) -> None:
    """The container's runtime asks by SIGTERM, and kills what is left half a minute later."""
    process = product.processes[service]
    process.end()
    assert process.child is not None
    assert process.child.returncode == 0
    process.start()
