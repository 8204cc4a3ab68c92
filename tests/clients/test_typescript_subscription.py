"""A subscription of the TypeScript client hears every event once: through the death of the gateway, and through refused tickets."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest

from tests.clients.typescript import Program, given, started
from tests.harness.world import met
from tests.processes import Product, eventually, in_one_process

pytestmark = pytest.mark.usefixtures("built")
EVERY_TRANSPORT = pytest.mark.parametrize("transport", ["ticket", pytest.param("header", marks=pytest.mark.long)])


def recorded(product: Product, after: int) -> list[int]:
    events = product.get("/v1/events", after=after, limit=1000).json()["events"]
    return [event["position"] for event in events]


def concerned(product: Product, after: int) -> list[list[str]]:
    """Whom each event concerns."""
    events = product.get("/v1/events", after=after, limit=1000).json()["events"]
    return [[event["data"]["person"]] if "person" in event["data"] else [] for event in events]


def meet(product: Product, people: int) -> None:
    for _ in range(people):
        product.must("IdentifyPerson", met(str(uuid4())))


def record_while_away(product: Product, folder: Path) -> None:
    """Record events while nobody serves. The definitions are there since the start."""
    lines = product.tool("generate", "--persons", "2", "--seed", "1").stdout.splitlines(keepends=True)
    (folder / "past.ndjson").write_text("".join(line for line in lines if "PublishDefinitions" not in line))
    loaded = product.tool("load", str(folder / "past.ndjson"))
    assert loaded.returncode == 0, loaded.stderr


def hears_all(program: Program, product: Product, after: int) -> None:
    eventually(lambda: program.of("position") == recorded(product, after), "what was recorded is heard, once and in order", 90)


@EVERY_TRANSPORT
def test_every_event_is_heard_once_through_a_kill_of_the_gateway(tmp_path: Path, transport: str) -> None:
    with in_one_process(tmp_path) as product:
        serve = product.processes["serve"]
        before = recorded(product, 0)[-1]
        with started("follower", given(product, transport=transport, role="auditor")) as program:
            eventually(lambda: program.of("open") == [False], "the feed is open; nothing is known of the time before")
            meet(product, 3)
            hears_all(program, product, before)
            meet(product, 3)  # recorded, and perhaps heard, just before the end
            serve.end(signal.SIGKILL)
            record_while_away(product, tmp_path)
            eventually(lambda: program.of("interrupted"), "the program notices")
            serve.start()
            product.ready()
            meet(product, 1)
            hears_all(program, product, before)
            assert len(program.of("position")) > 7
            assert program.of("people") == concerned(product, before)
            assert program.of("open") == [False, True]
            assert program.of("ended") == []
            program.child.terminate()
            assert program.child.wait(20) == 0  # closed, it holds no connection


def test_which_figures_moved_is_heard(tmp_path: Path) -> None:
    with (
        in_one_process(tmp_path) as product,
        started("follower", given(product, transport="ticket", role="auditor", kind="figures")) as program,
    ):
        eventually(lambda: program.of("open") == [False], "the feed is open")
        meet(product, 1)
        eventually(lambda: program.of("moved"), "which figures moved")
        assert "people_met" in program.of("moved")[0]
        assert program.of("position") == []  # no event


class Away(BaseHTTPRequestHandler):
    """A proxy whose gateway is away."""

    def do_GET(self) -> None:
        self.send_error(502)

    do_POST = do_GET  # noqa: N815 - the name that the server looks for

    def log_message(self, format: str, *args: object) -> None:
        """The tests' output is not the place."""


@contextmanager
def in_its_place(port: int) -> Iterator[None]:
    ThreadingHTTPServer.allow_reuse_address = True
    server = ThreadingHTTPServer(("127.0.0.1", port), Away)
    Thread(target=server.serve_forever, daemon=True).start()
    yield
    server.shutdown()
    server.server_close()


@EVERY_TRANSPORT
def test_another_ticket_is_asked_for_after_a_proxy_answered_in_place_of_the_gateway(tmp_path: Path, transport: str) -> None:
    """EventSource gives up at 502. What it was opened with opens nothing again."""
    with in_one_process(tmp_path) as product:
        serve = product.processes["serve"]
        before = recorded(product, 0)[-1]
        with started("follower", given(product, transport=transport, role="auditor", after=before)) as program:
            eventually(lambda: program.of("open") == [True], "the feed is open")
            meet(product, 2)
            hears_all(program, product, before)
            serve.end(signal.SIGKILL)
            record_while_away(product, tmp_path)
            with in_its_place(product.port):
                eventually(lambda: any("502" in each for each in program.of("interrupted")), "a refused request")
            serve.start()
            product.ready()
            meet(product, 1)
            hears_all(program, product, before)


@EVERY_TRANSPORT
def test_a_subscription_ends_when_the_session_does(tmp_path: Path, transport: str) -> None:
    with in_one_process(tmp_path) as product:
        product.tokens["auditor", "etape", "*"] = "no.token.here"
        with started("follower", given(product, transport=transport, role="auditor")) as program:
            [ended] = eventually(lambda: program.of("ended"), "the end")
            assert ended.startswith("Problem: Ce jeton")
            program.child.wait(20)
            assert program.of("interrupted") == []


@EVERY_TRANSPORT
def test_a_committee_hears_of_each_of_its_territories_once_through_a_restart(tmp_path: Path, transport: str) -> None:
    """What tells of several territories has one position, so the gateway tells it again to a client that resumes there."""
    loaded_while_away(tmp_path)
    with in_one_process(tmp_path) as product:
        serve = product.processes["serve"]
        with started("follower", given(product, transport=transport, role="committee", after=0)) as program:
            eventually(lambda: len(program.of("id")) >= 8, "the closings of the past")
            serve.end(signal.SIGKILL)
            with in_its_place(product.port):  # so that EventSource asks for another ticket, after the last position
                eventually(lambda: any("502" in each for each in program.of("interrupted")), "a refused request")
            serve.start()
            product.ready()
            eventually(lambda: len(program.of("open")) == 2, "the feed is open again")
            before = set(program.of("id"))
            meet(product, 1)
            eventually(lambda: len(program.of("id")) > len(before), "the closings since the past")
            with started("follower", given(product, transport=transport, role="committee", after=0)) as fresh:
                eventually(lambda: set(fresh.of("id")) == set(program.of("id")), "a client that was never interrupted hears the same")
            assert len(program.of("id")) == len(set(program.of("id")))


def loaded_while_away(folder: Path) -> None:
    tool = Product(folder, {}).tool
    (folder / "past.ndjson").write_text(tool("generate", "--persons", "12", "--seed", "1").stdout)
    loaded = tool("load", str(folder / "past.ndjson"))
    assert loaded.returncode == 0, loaded.stderr
