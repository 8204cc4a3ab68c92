"""Whoever does not read the events cannot tell when one is recorded: not by positions, not by measures."""

from typing import Any

import pytest

from tests.harness.world import World
from tests.processes import this_quarter

MASKED = (("committee", ("alencon",)), ("funder", ()), ("prescriber", ("alencon",)), ("partner", ("alencon",)))
QUARTER = "2024-Q1"
PATHS = (
    f"/v1/indicators?territory=alencon&quarter={QUARTER}",
    f"/v1/indicators?territory=all&quarter={QUARTER}",
    f"/v1/indicators/people_met/evidence?territory=alencon&quarter={QUARTER}",
    f"/coter/alencon/{QUARTER}?",
    f"/coter/alencon/{QUARTER}/people_met?",
    "/?",
)


def answers(world: World, path: str, role: str, territories: tuple[str, ...], position: int) -> Any:
    answer = world.get(f"{path}&position={position}", role=role, territories=territories or ("*",))
    by_header = world.get(path, role=role, territories=territories or ("*",), headers={"Parcours-Position": str(position)})
    return answer.status_code, by_header.status_code, by_header.data


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("role", "territories"), MASKED)
def test_a_position_is_answered_alike_before_and_after_it_is_recorded(
    world: World, role: str, territories: tuple[str, ...], path: str
) -> None:
    last = world.meet()
    before = answers(world, path, role, territories, last + 1)
    assert world.meet() == last + 1
    assert answers(world, path, role, territories, last + 1) == before


@pytest.mark.parametrize(("role", "territories"), MASKED)
def test_the_stream_is_opened_alike_before_and_after_a_position_is_recorded(world: World, role: str, territories: tuple[str, ...]) -> None:
    world.feed.start()
    last = world.meet()
    answer = world.get(f"/v1/stream?after={last + 1}", role=role, territories=territories or ("*",), buffered=False)
    assert answer.status_code == 200
    answer.close()


def test_a_page_of_events_does_not_tell_how_far_the_log_goes(world: World) -> None:
    asked: dict[str, Any] = {"role": "prescriber", "territories": ("alencon",), "organisation": "ccas"}
    before = world.get("/v1/events", **asked).json
    last = world.meet()
    assert world.get("/v1/events", **asked).json == before
    assert world.get(f"/v1/events?after={last + 5}", **asked).status_code == 200
    own = {"orientation": "o-1", "person": "p-1", "kind": "CCAS", "needs": [], "urgency": False, "consent": True}
    sent = world.send("ReceiveOrientation", own, **asked).json
    assert sent is not None
    page = world.get("/v1/events", **asked).json
    assert page is not None
    assert (page["next"], [event["position"] for event in page["events"]]) == (sent["position"], [sent["position"]])
    world.meet()
    assert world.get("/v1/events", **asked).json == page


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.1.2.3", {}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "10.1.2.3"}, 403),
        ("127.0.0.1", {"Forwarded": "for=10.1.2.3"}, 403),
        ("", {}, 403),
    ],
)
def test_measures_are_for_the_networks_of_the_operator(world: World, address: str, headers: dict[str, str], status: int) -> None:
    answer = world.get("/metrics", role=None, environ_base={"REMOTE_ADDR": address}, headers=headers)
    assert answer.status_code == status


def test_what_is_not_closed_is_told_to_nobody_who_reads_masked_figures(world: World) -> None:
    world.meet()
    cells = world.get(f"/v1/indicators?territory=alencon&quarter={this_quarter()}", role="committee", territories=("alencon",)).json
    assert cells is not None
    assert all("masked" in cell for cell in cells["indicators"].values())


def test_facts_recorded_late_are_no_evidence_for_a_committee(world: World) -> None:
    late = {"person": "p-1", "channel": "RUE", "place": "Marché", "radar": "SUIVI"}
    json = {"territory": "alencon", "data": late, "time": "2024-01-10T10:00:00+01:00"}
    headers = {"Idempotency-Key": "00000000-0000-0000-0000-000000000001"}
    assert world.ask("POST", "/v1/commands/IdentifyPerson", json=json, headers=headers).status_code == 201
    path = f"/v1/indicators/late_facts/evidence?territory=alencon&quarter={QUARTER}"
    assert world.get(path, role="coordinator").json["count"] == 1  # type: ignore[index]
    masked = world.get(path, role="committee", territories=("alencon",)).json
    assert masked is not None
    assert (masked["count"], masked["facts"]) == (None, [])
