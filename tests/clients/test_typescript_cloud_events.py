"""The official SDK for JavaScript reads and validates what the product sends, for every event and for readers of masked figures."""

from collections.abc import Iterator

import pytest

from tests.clients.typescript import given, lines_of
from tests.processes import Product, in_one_process

pytestmark = pytest.mark.usefixtures("built")
REDUCED = ["id", "position", "source", "specversion", "territory", "type"]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """With a history of many kinds of events, over several quarters."""
    folder = tmp_path_factory.mktemp("events")
    tool = Product(folder, {}).tool
    (folder / "history.ndjson").write_text(tool("generate", "--persons", "12", "--seed", "1").stdout)
    assert tool("load", str(folder / "history.ndjson")).returncode == 0
    with in_one_process(folder) as started:
        yield started


def test_every_event_is_valid_in_both_modes(product: Product) -> None:
    events = product.get("/v1/events", after=0, limit=1000).json()["events"]
    seen = lines_of("cloud_events", given(product, role="auditor", paged=True))
    assert [each["position"] for each in seen] == [event["position"] for event in events] * 2  # from a page, and from the stream
    assert len({each["type"] for each in seen}) > 20
    assert [each for each in seen if not (each["data"] and each["attributes"])] == []


def test_so_is_the_reduced_form_of_a_committee(product: Product) -> None:
    seen = lines_of("cloud_events", given(product, role="committee", paged=False))
    assert len(seen) > 4
    assert {each["type"] for each in seen} == {"fr.parcours.reporting.FiguresChanged"}
    assert [each for each in seen if not each["attributes"]] == []
    assert [name for name in seen[0]["names"] if name not in REDUCED] == ["time"]  # which the SDK adds
