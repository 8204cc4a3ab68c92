"""Nothing is persisted under a new name by accident: names in logs, databases and brokers are those that a release has written."""

from pathlib import Path

import msgspec
import pytest

from tests.architecture.persisted_names import persisted_names

WRITTEN = msgspec.json.decode((Path(__file__).parent / "persisted_names.json").read_bytes())


@pytest.mark.parametrize("what", WRITTEN)
def test_what_is_persisted_keeps_its_name(what: str, tmp_path: Path) -> None:
    """A name may be added (with its line in the file), never changed or taken away."""
    found = msgspec.json.decode(msgspec.json.encode(persisted_names(tmp_path)))
    assert found[what] == WRITTEN[what]
