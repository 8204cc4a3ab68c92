"""The real servers that tests run on: found, or started as private processes that end with the session.

Each is resolved in this order: an address in the environment, a server on its default port that takes its default credentials,
the programs of Debian's packages (installed first when that is possible), a container engine.
"""

from tests.servers.debian import chromium
from tests.servers.given import GivenPostgres, GivenRabbitmq
from tests.servers.postgres import PostgresServer
from tests.servers.process import Unavailable, free_port
from tests.servers.rabbitmq import RabbitmqServer
from tests.servers.small_disk import SmallDisk, small_disk

__all__ = [
    "GivenPostgres",
    "GivenRabbitmq",
    "PostgresServer",
    "RabbitmqServer",
    "SmallDisk",
    "Unavailable",
    "chromium",
    "free_port",
    "small_disk",
]
