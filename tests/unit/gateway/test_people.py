"""One person: what stands of them, and what may be done next. The reasons are those of the decisions themselves."""

from typing import Any

import pytest

from tests.harness.world import World

ANSWER = "/v1/people/p-1"


def next_commands(world: World, path: str = ANSWER, **more: Any) -> dict[str, Any]:
    answer = world.get(path, **more)
    assert answer.json is not None
    return {each["command"]: each for each in answer.json["next"]}


def refusal(world: World, command: str, **more: Any) -> str | None:
    """Why a command is not allowed; None if it is."""
    each = next_commands(world, **more)[command]
    assert each["allowed"] == (each["code"] is None) == (each["reason"] is None)
    code: str | None = each["code"]
    return code


def give(world: World, name: str, **data: Any) -> None:
    answer = world.send(name, {"person": "p-1", **data})
    assert answer.status_code == 201, answer.text


def opened(world: World) -> None:
    world.meet("p-1")
    give(world, "OpenJourney", referent="coach-1")


def test_what_may_be_done_follows_the_journey(world: World) -> None:
    world.meet("p-1")
    assert refusal(world, "IdentifyPerson") == "person_already_identified"
    assert (refusal(world, "OpenJourney"), refusal(world, "HoldInterview")) == (None, "journey_not_open")
    give(world, "OpenJourney", referent="coach-1")
    assert (refusal(world, "OpenJourney"), refusal(world, "HoldInterview")) == ("journey_already_open", None)
    assert (refusal(world, "LiftBarrier"), refusal(world, "LendEquipment")) == ("barrier_not_identified", None)
    give(world, "IdentifyBarrier", thematique="mobilite--acceder-a-un-vehicule")
    assert refusal(world, "LiftBarrier") is None
    give(world, "LiftBarrier", thematique="mobilite--acceder-a-un-vehicule")
    assert refusal(world, "LiftBarrier") is not None


def test_what_was_recorded_is_what_is_tried(world: World) -> None:
    """A loan is returned by its serial, a referral withdrawn by its id, a partner chosen of those that are listed."""
    opened(world)
    assert refusal(world, "SendReferral") == "partner_not_listed"
    assert world.send("ListPartner", {"partner": "cap", "label": "Cap", "services": []}, role="coordinator").status_code == 201
    assert (refusal(world, "SendReferral"), refusal(world, "WithdrawReferral")) == (None, "referral_unknown")
    assert "ReturnEquipment" not in next_commands(world)
    give(world, "LendEquipment", serial="pc-1", until="2027-01-31")
    thematique = "mobilite--acceder-a-un-vehicule"
    give(world, "SendReferral", referral="r-1", partner="cap", thematique=thematique, consent="c-1", shared_fields=[])
    assert (refusal(world, "ReturnEquipment"), refusal(world, "WithdrawReferral")) == (None, None)


def test_what_is_allowed_differs_by_role_and_territory(world: World) -> None:
    opened(world)
    assert (refusal(world, "ReplaceReferent"), refusal(world, "ReplaceReferent", role="coordinator")) == ("role_may_not", None)
    assert {each["code"] for each in next_commands(world, role="auditor").values()} == {"role_may_not"}
    world.send("TransferJourney", {"person": "p-1", "to_territory": "flers"})
    assert refusal(world, "HoldInterview", territories=("alencon",)) == "not_in_territory"
    assert refusal(world, "HoldInterview", territories=("flers",)) is None


def test_an_answer_records_nothing(world: World) -> None:
    opened(world)
    head = world.components.store.head()
    next_commands(world)
    assert world.components.store.head() == head


def test_every_command_about_a_person_can_be_tried(world: World) -> None:
    """A command of which no data is valid would never be allowed, and nobody would know why."""
    opened(world)
    everything = next_commands(world, role="system")
    assert [name for name, each in everything.items() if each["code"] == "nothing_to_choose"] == []
    assert {"IdentifyPerson", "ExitJourney", "TakeSeat", "SendReferral"} <= everything.keys()
    assert "StartCoaching" not in everything  # the programme gives it itself


def test_a_service_that_is_away_is_said_to_be(world: World) -> None:
    opened(world)
    world.get(ANSWER)
    world.away.add("coaching")
    assert world.get(ANSWER).status_code == 503


def test_the_state_of_a_person(world: World) -> None:
    opened(world)
    give(world, "IdentifyBarrier", thematique="mobilite--acceder-a-un-vehicule")
    give(world, "CompleteDiagnostic", constraints={"mobilite--acceder-a-un-vehicule": "OUI"})
    give(world, "LendEquipment", serial="pc-1", until="2027-01-31")
    answer = world.get(ANSWER)
    assert answer.json is not None
    person = answer.json["person"]
    assert (person["territory"], person["followed_in"], person["records"]) == ("alencon", ["alencon"], ["p-1"])
    [journey] = person["journeys"]
    assert (journey["status"], journey["rank"], journey["referent"]) == ("open", 1, "coach-1")
    assert [(each["thematique"], each["lifted"]) for each in journey["barriers"]] == [("mobilite--acceder-a-un-vehicule", False)]
    assert [each["level"] for each in journey["diagnostic"]] == ["OUI"]
    assert [(each["serial"], each["status"]) for each in person["loans"]] == [("pc-1", "lent")]


def test_a_person_is_read_where_they_are_or_were_followed(world: World) -> None:
    opened(world)
    assert world.get(ANSWER, territories=("flers",)).status_code == 403
    world.send("TransferJourney", {"person": "p-1", "to_territory": "flers"})
    assert [world.get(ANSWER, territories=(place,)).status_code for place in ("flers", "alencon", "laigle")] == [200, 200, 403]


@pytest.mark.parametrize("path", [ANSWER, f"{ANSWER}/timeline"])
def test_who_reads_masked_figures_reads_no_person(world: World, path: str) -> None:
    """And is not told whether there is such a person."""
    world.meet("p-1")
    for role in ("committee", "funder", "prescriber", "partner"):
        known, unknown = (world.get(path.replace("p-1", person), role=role) for person in ("p-1", "p-9"))
        assert (known.status_code, known.data) == (unknown.status_code, unknown.data)
        assert known.status_code == 403
    assert [world.get(path, role="participant", actor=actor).status_code for actor in ("p-1", "p-2")] == [200, 403]


def test_a_timeline_comes_in_pages(world: World) -> None:
    opened(world)
    kinds, cursor = [], ""
    while cursor is not None:
        answer = world.get(f"{ANSWER}/timeline?limit=1" + (f"&cursor={cursor}" if cursor else "")).json
        assert answer is not None
        kinds += [each["kind"] for each in answer["items"]]
        cursor = answer["next"]
    assert kinds[:3] == ["intake.PersonIdentified", "coaching.JourneyOpened", "coaching.ReferentAssigned"]


def test_what_a_reader_may_not_open_has_a_sentence_and_no_data(world: World) -> None:
    opened(world)
    world.send("TransferJourney", {"person": "p-1", "to_territory": "flers"})
    answer = world.get(f"{ANSWER}/timeline", territories=("flers",)).json
    assert answer is not None
    assert {each["territory"] for each in answer["items"] if each["data"] is None} == {"alencon"}
    assert all(each["sentence"] for each in answer["items"])
