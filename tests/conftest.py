"""Real servers for the tests that ask for them; the others start nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.servers import GivenPostgres, GivenRabbitmq, PostgresServer, RabbitmqServer, Unavailable
from tests.servers import chromium as chromium_program
from tests.servers.containers import contained_postgres, contained_rabbitmq
from tests.servers.resolve import postgres, rabbitmq

NEEDED = """Tests need real servers.
{fault}
Give PARCOURS_TEST_POSTGRES and PARCOURS_TEST_AMQP, or a Debian system as root, or a container engine (tests/servers)."""


def needed(server: Callable[[], Any]) -> Any:
    """The server, or the end of the session: a suite without its servers proves nothing."""
    try:
        return server()
    except Unavailable as fault:
        pytest.exit(NEEDED.format(fault=fault), returncode=3)


@pytest.fixture(scope="session")
def docker_compose_file() -> str:
    return str(Path(__file__).parent / "docker-compose.test.yml")


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[GivenPostgres]:
    """The server all tests share: ask for `own_postgres` to stop or kill one."""
    server: GivenPostgres = needed(lambda: postgres(lambda: contained_postgres(request)))
    yield server
    server.close()


@pytest.fixture(scope="session")
def rabbitmq_server(request: pytest.FixtureRequest) -> Iterator[GivenRabbitmq]:
    """The broker all tests share: ask for `own_rabbitmq` to stop or kill one."""
    server: GivenRabbitmq = needed(lambda: rabbitmq(lambda: contained_rabbitmq(request)))
    yield server
    server.close()


@pytest.fixture
def postgres_dsn(postgres_server: GivenPostgres) -> Iterator[str]:
    """A fresh, empty database."""
    with postgres_server.database() as dsn:
        yield dsn


@pytest.fixture
def rabbitmq_uri(rabbitmq_server: GivenRabbitmq) -> Iterator[str]:
    """A fresh, empty vhost."""
    with rabbitmq_server.vhost() as uri:
        yield uri


@pytest.fixture(scope="session")
def tls_rabbitmq(rabbitmq_server: GivenRabbitmq) -> Iterator[RabbitmqServer]:
    """A broker with a listener for TLS: the one all tests share, if it is ours."""
    server: RabbitmqServer = rabbitmq_server if isinstance(rabbitmq_server, RabbitmqServer) else needed(RabbitmqServer)
    yield server
    server.close()


@pytest.fixture(scope="session")
def tls_postgres(postgres_server: GivenPostgres) -> Iterator[PostgresServer]:
    """A server with TLS: the one all tests share, if it is ours."""
    server: PostgresServer = postgres_server if isinstance(postgres_server, PostgresServer) else needed(PostgresServer)
    yield server
    server.close()


@pytest.fixture
def amqps_uri(tls_rabbitmq: RabbitmqServer) -> Iterator[str]:
    """A fresh, empty vhost, over TLS."""
    with tls_rabbitmq.vhost() as uri:
        yield tls_rabbitmq.over_tls(uri)


@pytest.fixture
def postgres_tls_dsn(tls_postgres: PostgresServer) -> Iterator[str]:
    """A fresh, empty database, over TLS."""
    with tls_postgres.database() as dsn:
        yield tls_postgres.over_tls(dsn)


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A server of this test alone, with fsync on, to stop, start, restart and kill."""
    server: PostgresServer = needed(PostgresServer)
    yield server
    server.close()


@pytest.fixture
def own_rabbitmq() -> Iterator[RabbitmqServer]:
    """A broker of this test alone, to stop, start, restart and kill."""
    server: RabbitmqServer = needed(RabbitmqServer)
    yield server
    server.close()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's program, for Playwright's executable_path."""
    return str(needed(chromium_program))


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A real browser, for the tests of one module: its event loop must not run beside those of other modules."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()
