"""Servers in clusters and the product in pairs, which the tests of this package kill, freeze and cut off."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from tests.clusters.network import Network
from tests.clusters.postgres import Replicated
from tests.clusters.product import Pairs
from tests.clusters.rabbitmq import Cluster
from tests.clusters.stage import HEADER, RULE, Stage
from tests.clusters.system import servers
from tests.conftest import needed
from tests.servers import PostgresServer


@contextmanager
def staged(config: pytest.Config, folder: Path, *, replicated: bool) -> Iterator[Stage]:
    needed(servers)
    scene = Path(tempfile.mkdtemp(prefix="parcours-clusters-"))
    scene.chmod(0o755)
    rows: list[str] = []
    with ExitStack() as stack:
        stack.callback(show, config, rows)
        stack.callback(shutil.rmtree, scene, ignore_errors=True)
        network = stack.enter_context(closing(Network()))
        brokers, databases = ([network.host(f"{kind}{number}") for number in range(count)] for kind, count in (("mq", 3), ("pg", 2)))
        postgres = stack.enter_context(closing(Replicated(databases, scene) if replicated else PostgresServer()))
        cluster = stack.enter_context(closing(Cluster(brokers, scene)))
        dsn = postgres.dsn if isinstance(postgres, Replicated) else postgres.create_database()
        product = Pairs(folder, {"PARCOURS_AMQP_URI": cluster.address, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn})
        stack.callback(product.stop)
        product.start()
        yield Stage(product, cluster, postgres, rows)


@pytest.fixture(scope="module")
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """For all tests of a module, on one PostgreSQL."""
    with staged(request.config, tmp_path_factory.mktemp("stage"), replicated=False) as stage:
        yield stage


@pytest.fixture
def own_stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """For one test, with a standby of PostgreSQL that can be promoted once."""
    with staged(request.config, tmp_path, replicated=True) as stage:
        yield stage


def show(config: pytest.Config, rows: list[str]) -> None:
    capture, reporter = (config.pluginmanager.getplugin(name) for name in ("capturemanager", "terminalreporter"))
    with capture.global_and_fixture_disabled():
        reporter.write_line("")
        for line in (HEADER, RULE, *rows):
            reporter.write_line(line)
