from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.proof.sealed import SealedLog
from tests.kurrent import given


@pytest.fixture(params=["sqlite", "postgres"])
def sealed(request: pytest.FixtureRequest, tmp_path: Path) -> SealedLog:
    """An empty log in a database that somebody can change beneath its guards."""
    place = str(tmp_path / "log.sqlite") if request.param == "sqlite" else str(request.getfixturevalue("postgres_dsn"))
    return SealedLog(place, tmp_path)


@pytest.fixture(params=["sqlite", "postgres", *given.SERVERS])
def any_log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SealedLog]:
    """An empty log of any kind."""
    match request.param:
        case "sqlite":
            yield SealedLog(str(tmp_path / "log.sqlite"), tmp_path)
        case "postgres":
            yield SealedLog(str(request.getfixturevalue("postgres_dsn")), tmp_path)
        case server:
            for address in given.address_of(server):
                yield SealedLog(address, tmp_path)
