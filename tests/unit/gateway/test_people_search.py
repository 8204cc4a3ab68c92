"""A person is found by the beginnings of their names or by their telephone number, by who may know who they are."""

import json
from typing import Any

import pytest

from services.bootstrap.permissions import READS
from services.gateway import people_search_api
from services.gateway.people_search_api import TOO_SHORT
from services.vocabulary.roles import Role
from tests.harness.world import World
from tests.unit.gateway.identified import SEARCH, follow, found, give, identified, search

AWA = [("p-1", "Diallo")]
FINDERS = READS["read_identity"]


@pytest.fixture
def programme(world: World) -> World:
    """Two persons in Alençon, one in Flers."""
    identified(world, "p-1", "Awa", "Diallo", phone="06 01 02 03 04", birth_date="1990-02-03", email="awa@example.org", address="Rue A")
    identified(world, "p-2", "Anne-Maëlle", "Le Goff")
    identified(world, "p-3", "Awa", "Martin", territory="flers")
    return world


@pytest.mark.parametrize("text", ["dia", "DIALLO", "awa dial", "Diallo Awa", "  dia  ", "0601020304", "+33 6 01 02 03 04"])
def test_a_person_is_found_by_beginnings_in_any_order_or_by_a_number(programme: World, text: str) -> None:
    assert found(programme, text) == AWA


@pytest.mark.parametrize("text", ["mae", "maelle", "MAËL go", "anne l", "le gof"])
def test_accents_and_what_joins_names_make_no_difference(programme: World, text: str) -> None:
    assert found(programme, text) == [("p-2", "Le Goff")]


@pytest.mark.parametrize("text", ["allo", "diallos", "awa goff", "awa g", "0601020305", "awa@example.org"])
def test_what_nobody_begins_with_finds_nobody(programme: World, text: str) -> None:
    assert search(programme, text).json == {"items": [], "more": False}


def test_what_is_found_is_the_line_of_the_list_and_who_they_are(programme: World) -> None:
    answer = search(programme, "diallo").json
    assert answer is not None
    (item,) = answer["items"]
    assert item["identity"] == {
        "given_name": "Awa",
        "family_name": "Diallo",
        "birth_date": "1990-02-03",
        "phone": "06 01 02 03 04",
        "email": "awa@example.org",
        "address": "Rue A",
    }
    listed = programme.get("/v1/people").json
    assert listed is not None
    assert item["line"] == next(line for line in listed["items"] if line["person"] == "p-1")


@pytest.mark.parametrize("text", ["aw", "a b", "06 01 02", "...", "12", "p-1", "1990-02-03"])
def test_what_is_too_short_is_said_to_be(programme: World, text: str) -> None:
    answer = search(programme, text)
    assert (answer.status_code, (answer.json or {})["faults"]) == (422, {"text": [TOO_SHORT]})


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": None}, {"text": 12}, {"text": "a" * 121}, {"text": "awa", "role": "dpo"}])
def test_what_is_no_search_is_invalid(programme: World, body: dict[str, Any]) -> None:
    assert programme.ask("POST", SEARCH, json=body).status_code == 422


def test_what_is_searched_for_is_in_no_address(programme: World) -> None:
    """`search` is no person, and a person is read without parameters."""
    answers = [programme.get(path) for path in (SEARCH, f"{SEARCH}?text=diallo")]
    assert [b"Diallo" in answer.data for answer in answers] == [False, False]
    assert [answer.status_code for answer in answers] == [403, 400]


@pytest.mark.parametrize("role", [each.value for each in Role])
def test_who_may_know_who_somebody_is_finds_them_and_nobody_else_does(programme: World, role: str) -> None:
    if role in FINDERS:
        expected = AWA if FINDERS[role] != "own" else []  # participant-1 is none of them
        assert found(programme, "diallo", role=role) == expected
        return
    answers = [search(programme, text, role=role) for text in ("diallo", "nobody at all")]
    assert {answer.status_code for answer in answers} == {403}
    assert answers[0].data == answers[1].data
    assert b"Diallo" not in answers[0].data


def test_nobody_searches_without_a_session(programme: World) -> None:
    assert search(programme, "diallo", role=None).status_code == 401


def test_a_coach_finds_those_whom_their_territories_follow_or_did(programme: World) -> None:
    assert found(programme, "awa", territories=("alencon",)) == AWA
    assert found(programme, "awa", territories=("flers",)) == [("p-3", "Martin")]
    assert found(programme, "awa", territories=("argentan",)) == []
    give(programme, "TransferPerson", "p-3", territory="flers", to_territory="alencon")
    assert found(programme, "awa", territories=("alencon",)) == [*AWA, ("p-3", "Martin")]
    assert found(programme, "awa", territories=("flers",)) == [("p-3", "Martin")]
    assert found(programme, "awa", role="coordinator", territories=("argentan",)) == [*AWA, ("p-3", "Martin")]


def test_a_participant_finds_themself_alone(programme: World) -> None:
    assert found(programme, "awa", role="participant", actor="p-1") == AWA
    assert found(programme, "martin", role="participant", actor="p-1") == []


def test_what_was_stated_last_is_what_finds_a_person(programme: World) -> None:
    give(programme, "RecordIdentity", "p-1", given_name="Awa", family_name="Sow")
    assert (found(programme, "diallo"), found(programme, "0601020304"), found(programme, "sow")) == ([], [], [("p-1", "Sow")])


def test_a_record_that_was_merged_finds_the_one_that_was_kept(programme: World) -> None:
    """Once, under the name that was stated of the one that was kept, or the other's if there is none."""
    programme.meet("p-4")
    merged = {"kept": "p-4", "merged": "p-1"}
    assert programme.send("MergePersons", merged, role="coordinator").status_code == 201
    assert found(programme, "diallo") == [("p-4", "Diallo")]
    give(programme, "GiveNotice", "p-4", version=1, mode="ORAL")
    give(programme, "RecordIdentity", "p-4", given_name="Awa", family_name="Diallo-Sow")
    assert found(programme, "diallo") == [("p-4", "Diallo-Sow")]
    assert programme.send("SeparatePersons", merged, role="coordinator").status_code == 201
    assert found(programme, "diallo") == [("p-1", "Diallo"), ("p-4", "Diallo-Sow")]


def test_a_person_who_is_erased_is_found_by_nothing(programme: World) -> None:
    assert found(programme, "diallo") == AWA
    give(programme, "DestroyPersonKey", "p-1", role="dpo", basis="DEMANDE")
    for text in ("diallo", "dia", "0601020304"):
        assert found(programme, text) == []
    assert found(programme, "awa") == [("p-3", "Martin")]


def test_an_index_that_is_behind_shows_no_name_that_cannot_be_read_any_more(programme: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gateways forget keys within seconds; the index may be reached later."""
    follow(programme)
    keys = programme.components.personal.keyring
    monkeypatch.setattr(keys, "read", dict.fromkeys)  # as of a database that was told before the index
    keys.kept.clear()
    answer = programme.ask("POST", SEARCH, json={"text": "diallo"})
    assert (answer.status_code, answer.json) == (200, {"items": [], "more": False})


def test_who_recorded_no_identity_is_found_by_nothing(programme: World) -> None:
    programme.meet("awa")
    assert found(programme, "awa", territories=("alencon",)) == AWA


def test_what_is_found_is_in_the_order_of_names_and_more_says_that_there_are_others(
    programme: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    identified(programme, "p-0", "Awa", "Zola")
    identified(programme, "p-9", "Aline", "Diallo")
    everybody = [("p-1", "Diallo"), ("p-3", "Martin"), ("p-0", "Zola")]
    assert found(programme, "awa") == everybody
    assert found(programme, "diallo") == [("p-9", "Diallo"), *AWA]  # Aline comes before Awa
    for shown, more in ((3, False), (2, True)):
        monkeypatch.setattr(people_search_api, "MAX_SHOWN", shown)
        answer = search(programme, "awa").json
        assert answer is not None
        assert ([each["line"]["person"] for each in answer["items"]], answer["more"]) == ([p for p, _ in everybody[:shown]], more)
    monkeypatch.setattr(people_search_api, "MAX_FOUND", 2)  # more share the letters, everywhere, than are looked at
    assert (search(programme, "awa").json or {})["more"] is True


def test_a_search_needs_reporting_and_is_told_when_it_is_away(programme: World) -> None:
    programme.away.add("reporting")
    assert search(programme, "diallo").status_code == 503
    assert search(programme, "nobody").json == {"items": [], "more": False}  # whom nobody has to be asked about


def test_the_database_of_keys_holds_no_name(programme: World, tmp_path: Any) -> None:
    follow(programme)
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 3
    for word in (b"Diallo", b"diallo", b"awa@example.org", b"0601020304", b"06 01 02 03 04", b"1990-02-03"):
        assert [word for content in files if word in content] == []


def test_the_search_is_described_with_an_example(world: World) -> None:
    document = json.loads(world.get("/openapi.json").data)
    operation = document["paths"][SEARCH]["post"]
    assert operation["operationId"] == "searchPeople"
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Search"}
    text = document["components"]["schemas"]["Search"]["properties"]["text"]
    assert (text["type"], text["maxLength"]) == ("string", 120)
    answer = operation["responses"]["200"]["content"]["application/json"]
    assert answer["schema"] == {"$ref": "#/components/schemas/FoundPersons"}
    (item,) = answer["example"]["items"]
    identity = item["identity"]
    assert (identity["given_name"], identity["family_name"], identity["birth_date"]) == ("Awa", "Diallo", "1998-02-03")
    assert (identity["phone"], identity["email"]) == ("06 00 00 00 00", "awa.diallo@example.org")
    assert operation["requestBody"]["content"]["application/json"]["example"] == {"text": "dial awa"}
    assert {"401", "403", "422", "503"} <= operation["responses"].keys()
