"""A page of another origin in a real browser: it sends commands and follows the feed with EventSource, through the death of the gateway."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page

from tests.harness.world import met
from tests.processes import Product, eventually, in_one_process

HERE = Path(__file__).parent
CLOSED = 2  # EventSource.CLOSED: the browser has given up


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """The tests' output is not the place."""


@contextmanager
def serving() -> Iterator[str]:
    """The origin of a server with the files of this folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(HERE)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture
def page(browser: Browser, origin: str) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(f"{origin}/other_origin.html")
    yield page
    page.close()


def told(product: Product) -> list[int]:
    events = product.get("/v1/events", after=0, limit=1000, type="intake").json()["events"]
    return [event["position"] for event in events]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_a_page_hears_every_event_once_through_a_restart_of_the_gateway(
    tmp_path: Path, page: Page, origin: str, number: signal.Signals
) -> None:
    with in_one_process(tmp_path, {"PARCOURS_ORIGINS": origin}) as product:
        serve = product.processes["serve"]
        stream = page.evaluate("([api, token]) => follow(api, token, 'type=intake')", [product.url, product.token("auditor")])
        for _ in range(3):
            product.must("IdentifyPerson", met(str(uuid4())))
        eventually(lambda: page.evaluate("heard") == told(product), "the page hears what is recorded")
        for _ in range(3):  # recorded, and perhaps heard, just before the end
            product.must("IdentifyPerson", met(str(uuid4())))
        serve.end(number)
        lines = product.tool("generate", "--persons", "2", "--seed", "1").stdout.splitlines(keepends=True)
        (tmp_path / "past.ndjson").write_text("".join(line for line in lines if "PublishDefinitions" not in line))  # done at the start
        loaded = product.tool("load", str(tmp_path / "past.ndjson"))  # while nobody serves
        assert loaded.returncode == 0, loaded.stderr
        page.wait_for_function("states.length > 0")
        serve.start()
        product.ready()
        product.must("IdentifyPerson", met(str(uuid4())))
        eventually(lambda: page.evaluate("heard") == told(product), "the page hears what it missed, once")
        assert len(told(product)) > 7
        assert CLOSED not in page.evaluate("states")
        assert stream.partition("=")[2] not in serve.log.read_text()


def test_a_page_sends_commands_and_reads_the_position(tmp_path: Path, page: Page, origin: str) -> None:
    with in_one_process(tmp_path, {"PARCOURS_ORIGINS": origin}) as product, serving() as stranger:
        asked = [product.url, product.token("coach"), str(uuid4()), {"territory": "alencon", "data": met("p-1")}]
        status, position = page.evaluate("(asked) => send(...asked)", asked)
        assert (status, int(position) > 0) == (201, True)
        assert page.evaluate("(asked) => ask(...asked)", asked[:2]) == 200
        page.goto(f"{stranger}/other_origin.html")
        assert "TypeError" in page.evaluate("(asked) => ask(...asked)", asked[:2])
