"""The TypeScript client sends again what was not answered, with the same key, as long as it is asked to wait."""

import signal
from pathlib import Path

import pytest

from tests.clients.typescript import given, lines_of, started
from tests.processes import Product, eventually, in_one_process

pytestmark = pytest.mark.usefixtures("built")
PEOPLE = 12
UNREACHABLE = "Unreachable: Parcours ne répond pas pour l’instant."


def recorded(product: Product) -> list[int]:
    """The positions of the meetings that the log holds."""
    events = product.get("/v1/events", after=0, limit=1000, type="intake").json()["events"]
    return [event["position"] for event in events]


def test_a_command_that_nobody_answered_is_sent_again_until_the_gateway_is_back(tmp_path: Path) -> None:
    with in_one_process(tmp_path) as product:
        asked = given(product, people=PEOPLE, attempts=100)
        serve = product.processes["serve"]
        serve.end(signal.SIGKILL)
        with started("retrying", asked) as program:
            eventually(lambda: len(program.of("failed")) >= PEOPLE, "nobody answers")
            serve.start()
            product.ready()
            assert program.child.wait(60) == 0
            program.reader.join(10)
            assert sorted(program.of("recorded")) == recorded(product)
            assert len(recorded(product)) == PEOPLE


def test_it_gives_up_after_the_attempts_that_it_was_given(tmp_path: Path) -> None:
    with in_one_process(tmp_path) as product:
        asked = given(product, people=1, attempts=2)
        product.processes["serve"].end(signal.SIGKILL)
        told = lines_of("retrying", asked)
        assert [line for line in told if "statuses" not in line] == [{"failed": True}, {"failed": True}, {"fault": UNREACHABLE}]


def test_it_comes_back_when_there_were_too_many_requests(tmp_path: Path) -> None:
    with in_one_process(tmp_path, {"PARCOURS_RATE_LIMIT": "4/20"}) as product:
        told = lines_of("retrying", given(product, people=3 * PEOPLE, attempts=100))
        assert told[-1] == {"statuses": [201, 429]}
        assert len({line["recorded"] for line in told[:-1]}) == 3 * PEOPLE
