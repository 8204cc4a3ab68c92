"""What may be read, by whom, and how fresh it is."""

import json
import re
from typing import Any

import msgspec
import pytest

from tests.harness.samples import sample
from tests.harness.world import World
from tests.processes import this_quarter

IDENTIFIED = {"service": "intake", "type": "IdentifyPerson", "outcome": "accepted"}

FIGURES = f"/v1/indicators?territory=alencon&quarter={this_quarter()}"
EVIDENCE = f"/v1/indicators/people_met/evidence?territory=alencon&quarter={this_quarter()}"


def test_a_reader_sees_what_it_has_just_written(world: World) -> None:
    position = world.meet()
    answer = world.get(f"{FIGURES}&position={position}")
    assert answer.json is not None
    assert answer.json["position"] >= position


def test_a_reading_that_cannot_be_fresh_says_so_instead_of_being_old(world: World) -> None:
    position = world.meet()
    world.get(FIGURES)
    world.lagging = True
    later = world.meet()
    assert world.get(f"{FIGURES}&position={position}").status_code == 200
    answer = world.get(FIGURES, headers={"Parcours-Position": str(later)})
    assert (answer.status_code, answer.json and answer.json["code"]) == (503, "not_read_yet")
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize("path", ["/v1/events?after={}", f"{FIGURES}&position={{}}", f"{EVIDENCE}&position={{}}", "/?position={}"])
def test_nobody_waits_for_a_position_that_the_log_does_not_have(world: World, path: str) -> None:
    last = world.meet()
    assert world.get(path.format(last)).status_code == 200
    answer = world.get(path.format(last + 1), headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json and answer.json["code"]) == (400, "no_such_place")


def test_a_committee_sees_its_figures_masked_and_a_coordinator_exactly(world: World) -> None:
    for _ in range(3):
        world.meet()
    masked, exact = (world.get(FIGURES, role=role, territories=("alencon",)).json for role in ("committee", "coordinator"))
    assert masked is not None
    assert exact is not None
    assert "masked" in masked["indicators"]["people_met"]
    assert exact["indicators"]["people_met"] == {"value": 3}


def test_a_committee_sees_no_other_territory(world: World) -> None:
    assert world.get(FIGURES.replace("alencon", "flers"), role="committee", territories=("alencon",)).status_code == 403


@pytest.mark.parametrize(
    ("role", "territories", "status", "exact"),
    [
        ("committee", ("flers",), 200, False),
        ("committee", ("alencon",), 403, None),
        ("funder", (), 200, False),
        ("coach", ("flers",), 200, False),
        ("coach", ("flers", "argentan"), 200, True),
        ("coordinator", ("alencon",), 200, True),
    ],
)
def test_a_grouping_is_read_by_who_reads_a_territory_of_it(
    world: World, role: str, territories: tuple[str, ...], status: int, exact: bool | None
) -> None:
    for _ in range(3):
        world.meet()
    answer = world.get(f"/v1/indicators?territory=flers-argentan&quarter={this_quarter()}", role=role, territories=territories)
    assert answer.status_code == status
    if answer.json and status == 200:
        assert (answer.json["indicators"]["people_met"] == {"value": 0}) == exact


def test_nothing_is_recorded_or_followed_in_a_grouping(world: World) -> None:
    assert world.get("/v1/events?territory=flers-argentan").status_code == 400


def test_a_committee_reads_none_of_the_facts_behind_a_figure(world: World) -> None:
    for _ in range(6):
        world.meet()
    path = f"/v1/indicators/people_met/evidence?territory=alencon&quarter={this_quarter()}"
    masked, full = (world.get(path, role=role, territories=("alencon",)).json for role in ("committee", "coach"))
    assert masked is not None
    assert full is not None
    assert masked["facts"] == []
    assert all(fact["person"] for fact in full["facts"])


def test_events_are_read_page_by_page_to_the_end(world: World) -> None:
    positions = [world.meet() for _ in range(5)]
    seen: list[int] = []
    after, more = 0, True
    while more:
        page = world.get(f"/v1/events?after={after}&limit=2&type=intake").json
        assert page is not None
        seen += [event["position"] for event in page["events"]]
        after, more = page["next"], page["more"]
    assert seen == positions


def test_a_coach_reads_no_event_of_another_territory(world: World) -> None:
    world.meet(territory="flers")
    here = world.meet(territory="alencon")
    page = world.get("/v1/events", territories=("alencon",)).json
    assert page is not None
    assert [event["position"] for event in page["events"]] == [here]


def test_committees_and_funders_read_no_event(world: World) -> None:
    position = world.meet()
    for role in ("committee", "funder"):
        assert world.get("/v1/events", role=role).status_code == 403
        assert world.get(f"/evenement/{position}", role=role).status_code == 403


def test_a_partner_reads_only_what_is_addressed_to_it(world: World) -> None:
    world.meet("p-1")
    sent = {"person": "p-1", "referral": "r-1", "partner": "cap", "service": None, "thematique": "mobilite--acceder-a-un-vehicule"}
    listed = {"partner": "cap", "label": "Cap emploi", "services": ["accompagnement"]}
    assert world.send("ListPartner", listed, role="coordinator").status_code == 201
    answer = world.send("SendReferral", {**sent, "consent": "c-1", "shared_fields": []})
    assert answer.status_code == 201, answer.text
    for organisation, kinds in (
        ("cap", ["fr.parcours.referrals.PartnerListed", "fr.parcours.referrals.ReferralSent"]),
        ("other", []),
        ("", []),
    ):
        page = world.get("/v1/events", role="partner", organisation=organisation, territories=("alencon",)).json
        assert page is not None
        assert [event["type"] for event in page["events"]] == kinds


def test_a_person_reads_their_own_way_and_no_other(world: World) -> None:
    world.meet("p-1")
    world.meet("p-2")
    assert world.get("/parcours/p-1", role="participant", actor="p-1").status_code == 200
    assert world.get("/parcours/p-2", role="participant", actor="p-1").status_code == 403


def test_a_page_of_figures_of_an_unknown_place_or_quarter_is_a_problem(world: World) -> None:
    assert world.get("/coter/paris/2024-Q2").status_code == 404
    assert world.get("/coter/alencon/spring").status_code == 400
    assert world.get("/v1/indicators?territory=alencon").status_code == 422


def test_readiness_names_what_is_away(world: World) -> None:
    assert world.get("/readyz", role=None).json["well"]  # type: ignore[index]
    world.away.add("coaching")
    answer = world.get("/readyz", role=None)
    assert answer.status_code == 200
    assert answer.json is not None
    assert (answer.json["status"], answer.json["well"]) == ("ready", False)
    waiting = {name: state for name, state in answer.json["components"].items() if state["state"] != "ready"}
    assert waiting == {"coaching": {"state": "waiting", "needed": False, "reason": "It does not answer now."}}
    world.broker_away = True
    assert world.get("/readyz", role=None).status_code == 503


def test_the_descriptions_cover_every_command_and_every_event(world: World) -> None:
    openapi, asyncapi = (world.get(path, role=None).json for path in ("/openapi.json", "/asyncapi.json"))
    assert openapi is not None
    assert asyncapi is not None
    for schemas in world.deps.schemas.values():
        assert {f"/v1/commands/{name}" for name in schemas} <= set(openapi["paths"])
    assert set(asyncapi["channels"]["feed"]["messages"]) == set(world.deps.events)


def test_every_address_of_the_interface_is_described(world: World) -> None:
    """With its methods, and nothing besides; a command has an address of its own."""
    openapi = world.get("/openapi.json", role=None).json
    assert openapi is not None
    described = {(method.upper(), path) for path, operations in openapi["paths"].items() for method in operations}
    routes = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in world.app.map.iter_rules()
        for method in rule.methods or ()
        if method not in {"HEAD", "OPTIONS"} and rule.rule.startswith("/v1/")
    }
    commands = {("POST", f"/v1/commands/{name}") for name in world.app.sender.owner}
    assert described == routes - {("POST", "/v1/commands/{name}")} | commands


@pytest.mark.parametrize("path", ["/openapi.json", "/asyncapi.json"])
def test_who_has_a_description_is_told_that_it_is_still_the_same(world: World, path: str) -> None:
    first = world.get(path, role=None)
    again = world.get(path, role=None, headers={"If-None-Match": first.headers["ETag"]})
    assert (first.headers["Cache-Control"], again.status_code, again.data) == ("private, no-cache", 304, b"")


def test_the_description_says_what_may_change_and_how_that_is_announced(world: World) -> None:
    openapi = world.get("/openapi.json", role=None).json
    assert openapi is not None
    assert [word for word in ("`Deprecation`", "`Sunset`", "twelve months") if word not in openapi["info"]["description"]] == []


def test_what_a_reading_names_wrongly_is_told_by_the_status(world: World) -> None:
    world.meet()
    quarter = this_quarter()
    for path, status, code in (
        (f"/v1/indicators/nowhere/evidence?quarter={quarter}", 404, "indicator_unknown"),
        (f"/v1/indicators?quarter={quarter}&definitions=99", 404, "definitions_unknown"),
        ("/v1/indicators?quarter=2024-Q9", 400, "unreadable"),
        ("/v1/events?territory=paris", 400, "unreadable"),
    ):
        answer = world.get(path, role="coordinator")
        assert (answer.status_code, answer.json and answer.json["code"]) == (status, code), path
    assert world.get("/coter/alencon/2024-Q9", role="coordinator").status_code == 400


def test_every_query_describes_its_response(world: World) -> None:
    """Each GET of /v1 has a schema for its response, and every schema that the document refers to is there."""
    openapi = world.get("/openapi.json", role=None).json
    assert openapi is not None
    for path, operations in openapi["paths"].items():
        if "get" in operations:
            (content,) = operations["get"]["responses"]["200"]["content"].values()
            assert content["schema"], path
    referenced = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(openapi)))
    assert {"EventPage", "Event", "Figures", "Evidence", "Cell", "RateCell"} <= referenced <= set(openapi["components"]["schemas"])


def answer(world: World, path: str, role: str | None) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(world.get(path, role=role).data)
    return body


@pytest.mark.parametrize("role", ["coordinator", "committee"])
def test_responses_have_the_fields_that_their_schemas_name(world: World, role: str) -> None:
    for _ in range(6):
        world.meet()
    figures, evidence = (answer(world, path, role) for path in (FIGURES, EVIDENCE))
    page, schemas = answer(world, "/v1/events", "coach"), answer(world, "/openapi.json", None)["components"]["schemas"]
    facts = [("Fact", fact) for fact in evidence["facts"]]
    described = (("Figures", figures), ("Evidence", evidence), *facts, ("EventPage", page))
    for name, body in (*described, ("Event", page["events"][0])):
        assert set(schemas[name]["required"]) <= body.keys() <= set(schemas[name]["properties"]), name
    shapes = [set(schemas[shape["$ref"].rpartition("/")[2]]["required"]) for shape in schemas["Cell"]["anyOf"]]
    assert all(cell.keys() in shapes for cell in figures["indicators"].values())


def test_what_is_counted_is_told(world: World) -> None:
    of_gateway, of_service = ("parcours_gateway_commands_total", {"outcome": "accepted"}), ("parcours_commands_total", IDENTIFIED)
    before = [sample(*each) for each in (of_gateway, of_service)]
    world.meet()
    assert [sample(*each) for each in (of_gateway, of_service)] == [count + 1 for count in before]
    assert f'parcours_gateway_commands_total{{outcome="accepted"}} {before[0] + 1}' in world.get("/metrics", role=None).text
