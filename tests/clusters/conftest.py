"""Servers in clusters and the product in pairs, which the tests of this package kill, freeze and cut off."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from tests.clusters.network import Network
from tests.clusters.patroni import Patroni
from tests.clusters.postgres import Replicated
from tests.clusters.product import Pairs
from tests.clusters.rabbitmq import Cluster
from tests.clusters.stage import HEADER, RULE, Stage
from tests.clusters.system import servers
from tests.conftest import needed
from tests.servers import PostgresServer

ROWS = pytest.StashKey[dict[str, str]]()  # of the table, by fault
Database = PostgresServer | Replicated | Patroni


@contextmanager
def staged(config: pytest.Config, folder: Path, database: Callable[[Network, Path], Database], *, divided: bool = False) -> Iterator[Stage]:
    """`divided`: one broker and the second process of each pair are on the far side."""
    needed(servers)
    scene = Path(tempfile.mkdtemp(prefix="parcours-clusters-"))
    scene.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, scene, ignore_errors=True)
        network = stack.enter_context(closing(Network()))
        brokers = [network.host(f"mq{number}", far=divided and number == 2) for number in range(3)]
        postgres = stack.enter_context(closing(database(network, scene)))
        cluster = stack.enter_context(closing(Cluster(brokers, scene)))
        dsn = postgres.create_database() if isinstance(postgres, PostgresServer) else postgres.dsn
        hosts = [network.host("near"), network.host("far", far=True)] if divided else []
        product = Pairs(folder, {"PARCOURS_AMQP_URI": cluster.address, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn}, hosts)
        stack.callback(product.stop)
        product.start()
        yield Stage(network, product, cluster, postgres, config.stash.setdefault(ROWS, {}))


@pytest.fixture(scope="module")
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """For all tests of a module, on one PostgreSQL."""
    with staged(request.config, tmp_path_factory.mktemp("stage"), lambda network, folder: PostgresServer()) as stage:
        yield stage


@pytest.fixture
def own_stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """For one test, with a standby of PostgreSQL that can be promoted once."""
    with staged(request.config, tmp_path, replicated) as stage:
        yield stage


@pytest.fixture
def divided_stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """For one test, in two places: a minority of the brokers, and the second process of each pair, are in the other."""
    with staged(request.config, tmp_path, replicated, divided=True) as stage:
        yield stage


def replicated(network: Network, folder: Path) -> Replicated:
    return Replicated([network.host(name) for name in ("pg0", "pg1")], folder)


@pytest.fixture(scope="module")
def patroni_stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """For all tests of a module, with PostgreSQL on two hosts under Patroni."""

    def patroni(network: Network, folder: Path) -> Patroni:
        return Patroni([network.host(name) for name in ("pg0", "pg1", "etcd")], folder)

    with staged(request.config, tmp_path_factory.mktemp("patroni"), patroni) as stage:
        yield stage


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table of this session, at its end."""
    if rows := config.stash.get(ROWS, {}):
        terminalreporter.section("faults in clusters")
        for line in (HEADER, RULE, *rows.values()):
            terminalreporter.write_line(line)
