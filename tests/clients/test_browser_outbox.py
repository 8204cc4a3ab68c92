"""An outbox in a browser keeps what is given without a network or a product, also when the page is closed meanwhile.

Its tabs hear of what the others do, and the clock of the device may be wrong.
"""

import signal
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.clients.static_origin import serving
from tests.clients.typescript import CLIENT, TOOLS, run
from tests.processes import Product, eventually, in_one_process

# A clock that is wrong by some minutes, as of a device that was never set.
CLOCK = """
const Right = Date;
globalThis.Date = class extends Right {
  constructor(...given) { given.length ? super(...given) : super(globalThis.Date.now()); }
  static now() { return Right.now() + MINUTES * 60_000; }
};
"""
TOLERATED = timedelta(minutes=2)


@pytest.fixture
def origin(built: Path, tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "page"
    run(TOOLS / "esbuild", CLIENT / "build" / "page.js", "--bundle", "--format=esm", f"--outdir={folder}")
    (folder / "index.html").write_text('<!doctype html><script type="module" src="page.js"></script>')
    with serving(folder) as address:
        yield address


def recorded(product: Product) -> list[str]:
    """Who was met. Each meeting has the time at which it was given, or a little more, whatever clock the device had."""
    events = product.get("/v1/events", after=0, limit=1000, type="intake").json()["events"]
    for event in events:
        happened, at = (datetime.fromisoformat(event[name]) for name in ("time", "recordedtime"))
        assert abs(at - happened) < TOLERATED, event
    return [event["data"]["person"] for event in events]


def tabs(browser: Browser, address: str, *, minutes: int, count: int) -> tuple[BrowserContext, list[Page]]:
    """Tabs of one person, on a device whose clock is ahead by some minutes."""
    context = browser.new_context()
    context.add_init_script(CLOCK.replace("MINUTES", str(minutes)))
    pages = [context.new_page() for _ in range(count)]
    for page in pages:
        opened(page, address)
    return context, pages


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    page.wait_for_function("globalThis.page !== undefined")
    return page


def states(page: Page) -> list[str]:
    return list(page.evaluate("globalThis.page.states()"))


def told(page: Page) -> set[str]:
    return set(page.evaluate("globalThis.page.told"))


def test_commands_wait_in_a_browser_for_the_network_and_for_the_product(tmp_path: Path, browser: Browser, origin: str) -> None:
    with in_one_process(tmp_path, {"PARCOURS_ORIGINS": origin}) as product:
        address = f"{origin}/#gateway={product.url}&token={product.token('coach')}"
        context, [page, other] = tabs(browser, address, minutes=10, count=2)
        context.set_offline(True)
        page.evaluate("globalThis.page.meet('p-1')")
        other.evaluate("globalThis.page.meet('p-2')")
        page.wait_for_function("globalThis.page.interruptions > 0")
        assert states(page) == ["p-1 waiting", "p-2 waiting"]
        context.set_offline(False)
        expected = {"p-1 waiting", "p-2 waiting", "p-1 recorded", "p-2 recorded"}
        for each in (page, other):  # whichever sent them
            eventually(lambda each=each: told(each) == expected, "both are sent, and both tabs know")  # type: ignore[misc]
        product.processes["serve"].end(signal.SIGKILL)
        page.evaluate("globalThis.page.meet('p-3')")
        page.close()
        other.close()
        product.processes["serve"].start()
        product.ready()
        again, beside = (opened(context.new_page(), address) for _ in range(2))
        eventually(lambda: states(again)[-1:] == ["p-3 recorded"], "the last one is sent")
        again.evaluate("globalThis.page.meet('p-4')")
        eventually(lambda: states(again)[-1:] == ["p-4 recorded"], "with a time of a clock that is known by now")
        again.evaluate("globalThis.page.forget()")
        eventually(lambda: {"p-1 removed", "p-4 removed"} <= told(beside), "the other tab hears of it")
        context.close()
        slow, [late] = tabs(browser, address, minutes=-10, count=1)
        for person in ("p-5", "p-6"):
            late.evaluate(f"globalThis.page.meet('{person}')")
            eventually(lambda person=person: states(late)[-1:] == [f"{person} recorded"], "sent")  # type: ignore[misc]
        slow.close()
        assert recorded(product) == ["p-1", "p-2", "p-3", "p-4", "p-5", "p-6"]
