"""Every page, by every reader: its links are links, and each of them leads somewhere that this reader may go."""

from pathlib import Path

import pytest

from tests.browser.history import READERS, tell
from tests.browser.page_reader import PageReader
from tests.browser.walk import Walk
from tests.harness.world import World


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Walk]:
    world = World(Path(tmp_path_factory.mktemp("walk")))
    tell(world)
    return {name: Walk(world, reader) for name, reader in READERS.items()}


@pytest.mark.parametrize("reader", READERS)
def test_no_link_begins_in_another(walks: dict[str, Walk], reader: str) -> None:
    """A browser closes the first: what stood in it is outside, and looks like another thing."""
    nested = {address: found for address, text in walks[reader].pages.items() if (found := PageReader(text).nested)}
    assert nested == {}


@pytest.mark.parametrize("reader", READERS)
def test_every_link_leads_where_the_reader_may_go(walks: dict[str, Walk], reader: str) -> None:
    assert walks[reader].refused == []


def test_what_may_be_opened_is_linked(walks: dict[str, Walk]) -> None:
    """No law is kept by a page without links."""
    coach = walks["coach of Alençon"]
    assert "/parcours/p-1" in PageReader(coach.pages["/coter/alencon/2024-Q2/people_met"]).links
    assert "/parcours/p-3" in PageReader(coach.pages["/taches"]).links
    events = [link for link in PageReader(coach.pages["/parcours/p-1"]).links if link.startswith("/evenement/")]
    assert len(events) == 6  # what was recorded in Alençon: not the interview in Flers
