"""The address of the log selects the adapter and where its checkpoints are.

The server is simulated: this tests the client and the protocol, but says nothing about durability.
"""

from pathlib import Path

import pytest

from services.bootstrap.opening import open_checkpoints, open_store
from shared.errors import Misconfigured
from shared.store.kurrent.store import KurrentStore
from tests.contract.store.writing import append
from tests.kurrent.server import Simulated


@pytest.mark.parametrize("scheme", ["kurrentdb", "kurrentdb+discover", "esdb"])
def test_the_address_of_a_kurrentdb_opens_its_log_with_checkpoints_in_the_data_directory(
    server: Simulated, tmp_path: Path, scheme: str
) -> None:
    address = server.uri.replace("kurrentdb", scheme)
    store = open_store(address)
    assert isinstance(store, KurrentStore)
    checkpoints = open_checkpoints(address, tmp_path)
    checkpoints.save("relay", store.append(append("a")).position)
    assert open_checkpoints(address, tmp_path).load("relay") == store.head()
    assert [path.name for path in tmp_path.glob("*.sqlite")] == ["checkpoints.sqlite"]
    store.close()


def test_an_unknown_address_is_refused_without_repeating_its_password() -> None:
    with pytest.raises(Misconfigured) as caught:
        open_store("mystore://coach:secret@localhost")
    assert "kurrentdb" in str(caught.value)
    assert "secret" not in str(caught.value)
