"""Servers from a container engine, through pytest-docker."""

import pytest

from tests.servers.given import GivenPostgres, GivenRabbitmq

WAIT = {"timeout": 90, "pause": 0.5}


def contained_postgres(request: pytest.FixtureRequest) -> GivenPostgres:
    services = request.getfixturevalue("docker_services")
    port = services.port_for("postgres", 5432)
    server = GivenPostgres(f"postgresql://parcours:only-for-tests@127.0.0.1:{port}/postgres")
    services.wait_until_responsive(check=server.answers, **WAIT)
    return server


def contained_rabbitmq(request: pytest.FixtureRequest) -> GivenRabbitmq:
    services = request.getfixturevalue("docker_services")
    port, management = services.port_for("rabbitmq", 5672), services.port_for("rabbitmq", 15672)
    server = GivenRabbitmq(f"amqp://parcours:only-for-tests@127.0.0.1:{port}/", f"http://127.0.0.1:{management}")
    services.wait_until_responsive(check=server.answers, **WAIT)
    return server
