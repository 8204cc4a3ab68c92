"""The contract suite: each test with the fixture `store` runs on every adapter of the event log."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.store.port import Checkpoints, EventStore
from shared.store.postgres.checkpoints import PostgresCheckpoints
from shared.store.sqlite.checkpoints import SqliteCheckpoints
from tests.contract.store.writing import open_store
from tests.kurrent import given


@pytest.fixture(params=["sqlite", "postgres", pytest.param("postgres-tls", marks=pytest.mark.long), *given.SERVERS])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty log, which any number of processes can open."""
    match request.param:
        case "sqlite":
            yield str(tmp_path / "log.sqlite")
        case "postgres":
            yield str(request.getfixturevalue("postgres_dsn"))
        case "postgres-tls":  # test_postgres_tls.py has the essentials of it
            yield str(request.getfixturevalue("postgres_tls_dsn"))
        case kurrent_server:
            yield from given.address_of(kurrent_server)


@pytest.fixture
def store(address: str) -> Iterator[EventStore]:
    store = open_store(address)
    yield store
    store.close()


@pytest.fixture
def checkpoints(address: str) -> Checkpoints:
    return PostgresCheckpoints(address) if address.startswith("postgres") else SqliteCheckpoints(Path(address))
