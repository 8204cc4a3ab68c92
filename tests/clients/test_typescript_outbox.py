"""Commands that are given while the product is away are sent in order when it is back, each once."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.clients.typescript import given, lines_of, started
from tests.processes import Product, eventually, in_one_process

pytestmark = pytest.mark.usefixtures("built")
PEOPLE = ["p-1", "p-2", "p-3"]


def entries(path: Path) -> list[dict[str, Any]]:
    return list(json.loads(path.read_text())) if path.exists() else []


def recorded(product: Product) -> list[tuple[str, str]]:
    """What happened to whom, in the order of the log."""
    events = product.get("/v1/events", after=0, limit=1000).json()["events"]
    assert len({event["id"] for event in events}) == len(events)
    kinds = {"PersonIdentified", "JourneyOpened"}
    return [(kind, event["data"]["person"]) for event in events if (kind := event["type"].rpartition(".")[2]) in kinds]


def test_what_was_given_while_the_product_was_away_is_recorded_once_and_in_order(tmp_path: Path) -> None:
    kept = tmp_path / "outbox.json"
    with in_one_process(tmp_path) as product:
        asked, again = given(product, path=str(kept), owner="coach-1", people=PEOPLE), given(product, path=str(kept), owner="coach-1")
        serve = product.processes["serve"]
        serve.end(signal.SIGKILL)
        with started("outbox", asked) as program:
            eventually(lambda: len(entries(kept)) == 8 and program.of("interrupted"), "everything is kept, and cannot be sent")
        given_at = [each["command"]["body"]["time"] for each in entries(kept)]
        assert all(each["deviceTime"] for each in entries(kept))  # nobody has told the time yet
        assert {each["state"] for each in entries(kept)} == {"waiting"}
        with started("outbox", again) as program:  # another process, with the same file
            eventually(lambda: program.of("interrupted"), "it is still away")
            serve.start()
            product.ready()
            assert program.child.wait(60) == 0
        states = [(each["command"]["name"], each["state"], each.get("problem", {}).get("code")) for each in entries(kept)]
        assert states[:6] == [(name, "recorded", None) for _ in PEOPLE for name in ("IdentifyPerson", "OpenJourney")]
        assert states[6:] == [("OpenJourney", "refused", "person_unknown"), ("CloseContact", "refused", "invalid")]
        assert recorded(product) == [(kind, person) for person in PEOPLE for kind in ("PersonIdentified", "JourneyOpened")]
        times = [event["time"] for event in product.get("/v1/events", after=0, limit=1000, type="intake").json()["events"]]
        assert given_at[0][:19] == times[0][:19]  # when it happened, not when it was sent


def test_what_was_sent_before_a_crash_is_sent_again_and_recorded_once(tmp_path: Path) -> None:
    kept = tmp_path / "outbox.json"
    with in_one_process(tmp_path) as product:
        lines_of("outbox", given(product, path=str(kept), owner="coach-1", people=PEOPLE))
        answers = [each.get("answer") for each in entries(kept)]
        forgotten = [{**each, "state": "waiting"} for each in entries(kept)]  # as if the process had died before it noted the answers
        kept.write_text(json.dumps([{key: value for key, value in each.items() if key not in {"answer", "problem"}} for each in forgotten]))
        lines_of("outbox", given(product, path=str(kept), owner="coach-1"))
        assert [each.get("answer") for each in entries(kept)] == answers
        assert len(recorded(product)) == 2 * len(PEOPLE)


def test_what_somebody_else_gave_is_not_sent_in_ones_own_name(tmp_path: Path) -> None:
    kept = tmp_path / "outbox.json"
    with in_one_process(tmp_path) as product:
        lines_of("outbox", given(product, path=str(kept), owner="coach-1", people=PEOPLE[:1]))
        kept.write_text(json.dumps([{**each, "state": "waiting", "owner": "coach-2"} for each in entries(kept)]))
        lines_of("outbox", given(product, path=str(kept), owner="coach-1"))
        assert {each["state"] for each in entries(kept)} == {"waiting"}
