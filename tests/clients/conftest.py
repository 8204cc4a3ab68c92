"""The clients: the TypeScript client, built once, and the running product for the Python client."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from parcours_client import Parcours
from tests.clients.connections import client
from tests.clients.typescript import CLIENT, build
from tests.processes import Product, in_one_process


@pytest.fixture(scope="session")
def built() -> Path:
    """The folder of the TypeScript client, compiled, with its test programs."""
    build()
    return CLIENT


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with in_one_process(tmp_path_factory.mktemp("product")) as started:
        yield started


@pytest.fixture
def coach(product: Product) -> Iterator[Parcours]:
    with client(product, "coach") as parcours:
        yield parcours
