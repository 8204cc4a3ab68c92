"""The wall of a committee room, in a browser and from another origin: it shows what the interface answers, and stays true."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.architecture.source import ROOT
from tests.clients.static_origin import serving
from tests.clients.typescript import CLIENT, TOOLS, run
from tests.harness.world import met
from tests.processes import Product, eventually, in_one_process, this_quarter

WALL = ROOT / "demo" / "frontends" / "wall"
PROJECTOR, PHONE = {"width": 1920, "height": 1080}, {"width": 390, "height": 844}
MOST_LINES = 150
PATIENCE_MS = 90_000.0


@pytest.fixture(scope="module")
def origin(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the wall is served: compiled as its README says."""
    folder = tmp_path_factory.mktemp("wall")
    run(TOOLS / "tsc", "--project", WALL)
    alias = f"--alias:@parcours/client={CLIENT}/dist/index.js"
    run(TOOLS / "esbuild", WALL / "wall.ts", "--bundle", "--format=esm", f"--outdir={folder}", alias)
    for name in ("index.html", "wall.css"):
        shutil.copy(WALL / name, folder)
    with serving(folder) as address:
        yield address


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a short history, over several quarters."""
    folder = tmp_path_factory.mktemp("past")
    tool = Product(folder, {}).tool
    (folder / "history.ndjson").write_text(tool("generate", "--persons", "40", "--seed", "1").stdout)
    assert tool("load", str(folder / "history.ndjson")).returncode == 0
    return folder


@pytest.fixture(scope="module")
def served(past: Path, origin: str) -> Iterator[Product]:
    """The product with that past, for tests that change nothing in it."""
    with in_one_process(past, {"PARCOURS_ORIGINS": origin}) as product:
        yield product


def opened(browser: Browser, origin: str, product: Product, token: str, size: dict[str, int] = PROJECTOR) -> Page:
    page = browser.new_context(viewport=size).new_page()  # type: ignore[arg-type]  # a dict of its keys
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{origin}/#gateway={product.url}&token={token}")
    page.wait_for_selector("#feed[data-state=live]")
    return page


def figures(page: Page) -> dict[str, str]:
    """The figure of each indicator, as it is read, without the counts behind it."""
    found: dict[str, str] = page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('[data-indicator]')].map((line) =>"
        " [line.dataset.indicator, line.querySelector('b, dd').firstChild.textContent]))"
    )
    return found


def written(cell: dict[str, Any], unit: str) -> str:
    """A cell as French readers see it, for what the tests compare."""
    if "least" in cell:
        least, most = cell["least"], cell["most"]
        return "non montré" if least is None else str(least) if least == most else f"{least} à {most}"
    if "masked" in cell:
        return "non montré"
    value = cell.get("percent", cell.get("value"))
    return "–" if value is None else f"{value}\u202f%" if "percent" in cell else str(value) if unit == "count" else ""


@pytest.mark.parametrize("role", ["committee", "coordinator"])
def test_it_shows_every_figure_with_its_french_label(served: Product, browser: Browser, origin: str, role: str) -> None:
    token = served.token(role, territories=("alencon",))
    headers = {"Authorization": f"Bearer {token}"}

    def ask(path: str) -> Any:
        return served.client.get(path, headers=headers).json()

    quarter = max(each["id"] for each in ask("/v1/quarters")["quarters"])
    cells = eventually(lambda: ask(f"/v1/indicators?territory=alencon&quarter={quarter}"), "figures")["indicators"]
    declared = {each["id"]: each for each in ask("/v1/definitions")["indicators"]}
    page = opened(browser, origin, served, token)
    shown = figures(page)
    assert shown.keys() == cells.keys() & declared.keys()
    expected = {id: written(cells[id], declared[id]["unit"]) for id in shown}
    assert {id: figure for id, figure in expected.items() if figure and figure != shown[id]} == {}
    text = page.inner_text("main")
    assert [each["label"] for id, each in declared.items() if id in shown and each["label"] not in text] == []
    assert "Alençon" in text
    page.context.close()


def test_it_fits_on_a_projector_and_on_a_phone(served: Product, browser: Browser, origin: str) -> None:
    for size, screens in ((PROJECTOR, 1), (PHONE, None)):
        page = opened(browser, origin, served, served.token("committee", territories=("alencon",)), size)
        width, height = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert width == size["width"]
        assert screens is None or height == size["height"] * screens
        page.context.close()


def test_an_invalid_token_is_refused_in_french(served: Product, browser: Browser, origin: str) -> None:
    page = browser.new_page()
    page.goto(f"{origin}/#gateway={served.url}&token=no.token.here")
    eventually(lambda: page.inner_text("#refusal").startswith("Ce jeton"), "the refusal")
    assert page.is_hidden("#wall")
    assert "#" not in page.url
    page.close()


def test_a_committee_hears_that_its_figures_changed_through_a_kill_of_the_gateway(
    past: Path, tmp_path: Path, browser: Browser, origin: str
) -> None:
    """The next event is recorded quarters after the last one of the history: then masked readers are told, once for each territory."""
    folder = shutil.copytree(past, tmp_path / "past")
    with in_one_process(folder, {"PARCOURS_ORIGINS": origin}) as product:
        serve = product.processes["serve"]
        page = opened(browser, origin, product, product.token("committee", territories=("alencon",)))
        before = figures(page)
        serve.end(signal.SIGKILL)
        page.wait_for_selector("#feed[data-state=away]")
        assert figures(page) == before  # what was read stays
        serve.start()
        product.ready()
        page.wait_for_selector("#feed[data-state=live]")
        with page.expect_request(lambda request: "/v1/indicators" in request.url and "position=" in request.url):
            product.must("IdentifyPerson", met("p-after"))  # the page asks for figures at the position of what it hears
        page.wait_for_selector("#feed[data-state=live]")
        page.context.close()


def test_a_coordinator_sees_a_figure_move_with_each_event(tmp_path: Path, browser: Browser, origin: str) -> None:
    with in_one_process(tmp_path, {"PARCOURS_ORIGINS": origin}) as product:
        product.must("IdentifyPerson", met("p-1"))
        eventually(lambda: product.get("/v1/quarters").json()["quarters"], f"figures of {this_quarter()}")
        page = opened(browser, origin, product, product.token("coordinator"))
        eventually(lambda: figures(page)["people_met"] == "1", "one person")
        for count in (2, 3):
            product.must("IdentifyPerson", met(f"p-{count}"))
        eventually(lambda: figures(page)["people_met"] == "3", "three people")
        product.processes["serve"].end(signal.SIGKILL)
        product.processes["serve"].start()
        product.ready()
        product.must("IdentifyPerson", met("p-4"))
        eventually(lambda: figures(page)["people_met"] == "4", "four people, after a restart")
        page.context.close()


def test_it_is_short_enough_to_be_copied() -> None:
    assert len((WALL / "wall.ts").read_text().splitlines()) < MOST_LINES
