from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser.history import READERS, must, tell
from tests.harness.world import World, met

PHONE = {"width": 390, "height": 844}
HOST = "http://127.0.0.1:8000"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world with a history, which a module's tests only read."""
    world = World(Path(tmp_path_factory.mktemp("told")))
    must(world, "IdentifyPerson", met("of-the-first-year"), day="2022-07-01")  # so that figures have many quarters
    tell(world)
    return world


@pytest.fixture(scope="module")
def phone(browser: Browser, told: World) -> Iterator[Page]:
    """A phone without JavaScript, as the coordinator. The world answers it without a socket."""
    page = browser.new_context(viewport=PHONE, java_script_enabled=False, base_url=HOST).new_page()  # type: ignore[arg-type]  # a dict of its keys

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(HOST)
        found = told.get(path, headers={"Accept": "text/html"}, **READERS["coordinator"])
        route.fulfill(status=found.status_code, content_type=found.content_type or "", body=found.data)

    page.route("**/*", answer)
    yield page
    page.close()
