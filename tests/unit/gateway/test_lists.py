"""Lists: whose lines a reader sees, page by page, and that a page is not sent twice."""

from typing import Any

import pytest

from tests.harness.world import World


def lines(world: World, path: str, **more: Any) -> list[dict[str, Any]]:
    """All lines, over all pages."""
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = world.get(path + (f"{'&' if '?' in path else '?'}cursor={cursor}" if cursor else ""), **more)
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        found, cursor = found + answer.json["items"], answer.json["next"]
    return found


def persons(world: World, query: str = "", **more: Any) -> list[str]:
    return [line["person"] for line in lines(world, f"/v1/people?{query}", **more)]


@pytest.fixture
def peopled(world: World) -> World:
    """Three in Alençon, of whom coach-1 coaches p-2 and p-3 went to Flers, and one in Flers."""
    for person in ("p-1", "p-2", "p-3"):
        world.meet(person)
    world.meet("p-4", territory="flers")
    for person, referent in (("p-2", "coach-1"), ("p-3", "coach-2")):
        world.send("OpenJourney", {"person": person, "referent": referent})
    world.send("TransferJourney", {"person": "p-3", "to_territory": "flers"})
    return world


def test_a_list_is_read_page_by_page_in_either_order(peopled: World) -> None:
    assert persons(peopled, "limit=1") == persons(peopled) == ["p-1", "p-2", "p-3", "p-4"]
    assert persons(peopled, "limit=3&sort=-person") == ["p-4", "p-3", "p-2", "p-1"]


def test_a_coach_finds_whom_their_territories_follow_or_followed(peopled: World) -> None:
    assert persons(peopled, territories=("alencon",)) == ["p-1", "p-2", "p-3"]
    assert persons(peopled, territories=("flers",)) == ["p-3", "p-4"]
    assert persons(peopled, territories=("laigle",)) == []


def test_filters_of_people(peopled: World) -> None:
    assert persons(peopled, "territory=alencon") == ["p-1", "p-2"]
    assert persons(peopled, "territory=alencon&followed=ever") == ["p-1", "p-2", "p-3"]
    assert persons(peopled, "mine=true") == ["p-2"]
    assert persons(peopled, "journey=open") == ["p-2", "p-3"]
    assert persons(peopled, "journey=none,exited") == ["p-1", "p-4"]


def test_merged_records_are_one_person(peopled: World) -> None:
    answer = peopled.send("MergePersons", {"kept": "p-1", "merged": "p-4"}, role="coordinator", territory="flers")
    assert answer.status_code == 201, answer.text
    assert persons(peopled) == ["p-1", "p-2", "p-3"]
    assert persons(peopled, territories=("flers",)) == ["p-1", "p-3"]


@pytest.mark.parametrize("name", ["people", "referrals", "orientations", "loans", "partners", "workshops"])
def test_who_reads_masked_figures_has_no_list(peopled: World, name: str) -> None:
    assert {peopled.get(f"/v1/{name}", role=role).status_code for role in ("committee", "funder")} == {403}


def test_a_partner_reads_what_is_addressed_to_it_and_a_prescriber_its_own(peopled: World) -> None:
    for partner in ("cap", "other"):
        peopled.send("ListPartner", {"partner": partner, "label": partner, "services": []}, role="coordinator")
        thematique = "mobilite--acceder-a-un-vehicule"
        sent: dict[str, Any] = {
            "person": "p-2",
            "referral": f"r-{partner}",
            "partner": partner,
            "thematique": thematique,
            "consent": "c",
            "shared_fields": [],
        }
        assert peopled.send("SendReferral", sent).status_code == 201
    asked = {"role": "partner", "organisation": "cap", "territories": ()}
    assert [line["referral"] for line in lines(peopled, "/v1/referrals", **asked)] == ["r-cap"]
    assert lines(peopled, "/v1/referrals?partner=other", **asked) == []
    assert peopled.get("/v1/referrals", role="partner", organisation="").status_code == 403
    assert [line["status"] for line in lines(peopled, "/v1/referrals?partner=other")] == ["sent"]
    assert {line["partner"] for line in lines(peopled, "/v1/partners?limit=1")} == {"cap", "other"}
    assert lines(peopled, "/v1/orientations", role="prescriber", organisation="ccas") == []


def test_a_participant_finds_nobody_else(peopled: World) -> None:
    assert persons(peopled, role="participant", actor="p-1") == ["p-1"]


@pytest.mark.parametrize(
    "query", ["cursor=x", "cursor=bnVsbA", "cursor=WyJzaW5jZSIsImEiXQ", "limit=0", "sort=territory", "mine=false", "x=1"]
)
def test_what_is_no_question_is_said_to_be_none(peopled: World, query: str) -> None:
    assert peopled.get(f"/v1/people?{query}").status_code == 400


def test_what_a_client_has_already_is_not_sent_again(peopled: World) -> None:
    first = peopled.get("/v1/people")
    again = peopled.get("/v1/people", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert first.headers["Cache-Control"] == "private, no-cache"
    peopled.meet("p-5")
    assert peopled.get("/v1/people", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200
