"""The running product, in one process, for requests that no well-behaved client sends."""

from collections.abc import Iterator

import pytest

from tests.processes import Product, in_one_process


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with in_one_process(tmp_path_factory.mktemp("product")) as started:
        yield started
