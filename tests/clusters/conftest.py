"""Servers in clusters and the product in pairs, which the tests of this package kill, freeze and cut off."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clusters.network import Network
from tests.clusters.product import Pairs
from tests.clusters.rabbitmq import Cluster
from tests.clusters.stage import HEADER, Stage
from tests.clusters.system import servers
from tests.conftest import needed
from tests.servers import PostgresServer

NODES = 3


@pytest.fixture(scope="module")
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    needed(servers)
    folder = Path(tempfile.mkdtemp(prefix="parcours-clusters-"))
    folder.chmod(0o755)
    network, postgres = Network(), PostgresServer()
    cluster: Cluster | None = None
    product: Pairs | None = None
    rows: list[str] = []
    try:
        cluster = Cluster([network.host(f"broker{number}") for number in range(1, NODES + 1)], folder)
        dsn = postgres.create_database()
        env = {"PARCOURS_AMQP_URI": cluster.address, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn}
        product = Pairs(tmp_path_factory.mktemp("stage"), env)
        product.start()
        stage = Stage(product, cluster, postgres, rows)
        yield stage
    finally:
        if product is not None:
            product.stop()
        if cluster is not None:
            cluster.close()
        postgres.close()
        network.close()
        if (reporter := request.config.pluginmanager.getplugin("terminalreporter")) and rows:
            reporter.write_line("")
            for line in (HEADER, "|---|---|---|---|---|---|---|---|", *rows):
                reporter.write_line(line)
