"""Which servers this session uses."""

import os
import shutil
import subprocess
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from tests.servers.given import GivenPostgres, GivenRabbitmq
from tests.servers.postgres import PostgresServer
from tests.servers.process import Unavailable
from tests.servers.rabbitmq import RabbitmqServer

DEFAULT_POSTGRES = "postgresql://postgres:postgres@127.0.0.1:5432/postgres"
DEFAULT_AMQP = "amqp://guest:guest@127.0.0.1:5672/"
Server = TypeVar("Server", GivenPostgres, GivenRabbitmq)


def management(uri: str) -> str:
    """Where the management plugin of a broker listens: given, or the usual port."""
    return os.environ.get("PARCOURS_TEST_AMQP_MANAGEMENT", f"http://{urlsplit(uri).hostname}:15672")


def postgres(contained: Callable[[], GivenPostgres]) -> GivenPostgres:
    if address := os.environ.get("PARCOURS_TEST_POSTGRES"):
        return answering(GivenPostgres(address), "PARCOURS_TEST_POSTGRES")
    if (there := GivenPostgres(DEFAULT_POSTGRES)).answers():
        return there
    return own_or("PostgreSQL", lambda: PostgresServer(durable=False), contained)


def rabbitmq(contained: Callable[[], GivenRabbitmq]) -> GivenRabbitmq:
    if address := os.environ.get("PARCOURS_TEST_AMQP"):
        return answering(GivenRabbitmq(address, management(address)), "PARCOURS_TEST_AMQP, with its management plugin")
    if (there := GivenRabbitmq(DEFAULT_AMQP, management(DEFAULT_AMQP))).answers():
        return there
    return own_or("RabbitMQ", RabbitmqServer, contained)


def answering(server: Server, name: str) -> Server:
    if not server.answers():
        raise Unavailable(f"no server answers at {name}")
    return server


def own_or(name: str, own: Callable[[], Server], contained: Callable[[], Server]) -> Server:
    """A private process; where its program cannot be had, a container."""
    try:
        return own()
    except Unavailable as fault:
        if not container_engine():
            raise Unavailable(f"{name}: {fault}; and no container engine answers") from fault
        return contained()


def container_engine() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=30).returncode == 0
