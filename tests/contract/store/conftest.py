"""One suite for every log: each test that asks for `store` runs on each adapter."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.store.port import Checkpoints, EventStore
from shared.store.postgres.store import PostgresCheckpoints
from shared.store.sqlite.checkpoints import SqliteCheckpoints
from tests.contract.store.writing import open_store
from tests.kurrent import given


@pytest.fixture(params=["sqlite", "postgres", *given.PLACES])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where an empty log may be opened, as often and by as many processes as one likes."""
    match request.param:
        case "sqlite":
            yield str(tmp_path / "log.sqlite")
        case "postgres":
            yield str(request.getfixturevalue("postgres_dsn"))
        case kurrent:
            yield from given.place(kurrent)


@pytest.fixture
def store(address: str) -> Iterator[EventStore]:
    store = open_store(address)
    yield store
    store.close()


@pytest.fixture
def checkpoints(address: str) -> Checkpoints:
    return PostgresCheckpoints(address) if address.startswith("postgres") else SqliteCheckpoints(Path(address))
