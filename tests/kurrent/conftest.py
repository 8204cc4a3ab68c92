"""Fixtures: a simulated server and a store on it, for one test each."""

from collections.abc import Iterator

import pytest

from shared.store.kurrent.store import KurrentStore
from tests.kurrent.server import Simulated


@pytest.fixture
def server() -> Iterator[Simulated]:
    server = Simulated()
    yield server
    server.stop()


@pytest.fixture
def store(server: Simulated) -> Iterator[KurrentStore]:
    store = KurrentStore(server.uri)
    yield store
    store.close()
