"""Personal fields on the timeline and the page of an event: who may read which kind is in the table of permissions; feeds carry none."""

import json
from typing import Any

import pytest
from msgspec import Struct

from services.bootstrap.permissions import READS
from services.vocabulary.roles import Role
from shared.errors import Unavailable
from shared.trust.personal.marks import Personal
from tests.harness.world import World
from tests.unit.gateway.identified import ASSESSMENT, PROFILE, follow, give, identified

TIMELINE = "/v1/people/p-1/timeline"


class Shown(Struct, frozen=True):
    """A field of one kind, and the event that has it."""

    event: str
    field: str
    value: Any


FIELDS = {
    Personal.IDENTITY: Shown("intake.IdentityRecorded", "family_name", "Diallo"),
    Personal.PROFILE: Shown("intake.ProfileRecorded", "disability", True),
    Personal.NOTE: Shown("intake.PersonIdentified", "place", "Marché"),
}
READERS = [role.value for role in Role if READS["read_timeline"].get(role.value)]
OTHERS = [role.value for role in Role if role.value not in READERS]
MATRIX = pytest.mark.parametrize(("role", "kind"), [(role, kind) for role in READERS for kind in Personal])


@pytest.fixture
def recorded(world: World) -> World:
    identified(world, "p-1", "Awa", "Diallo", phone="0601020304")
    give(world, "RecordProfile", "p-1", **PROFILE)
    give(world, "AssessEligibility", "p-1", **ASSESSMENT)
    return world


def reads(role: str, kind: Personal) -> bool:
    return role in READS[f"read_{kind.value}"]


def read(world: World, path: str, role: str, **more: Any) -> Any:
    answer = world.get(path, role=role, actor="p-1" if role == "participant" else "", **more)
    assert answer.status_code == 200, (role, path, answer.text)
    return answer


def line(world: World, role: str, kind: str, **more: Any) -> dict[str, Any]:
    items = read(world, TIMELINE, role, **more).json["items"]
    found: dict[str, Any] = next(each for each in items if each["kind"] == kind)
    return found


def is_sealed(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {"sealed"}


@MATRIX
def test_a_timeline_shows_each_kind_to_the_roles_of_the_table(recorded: World, role: str, kind: Personal) -> None:
    shown = FIELDS[kind]
    value = line(recorded, role, shown.event)["data"][shown.field]
    assert value == shown.value if reads(role, kind) else is_sealed(value)


@MATRIX
def test_the_page_of_an_event_says_each_kind_to_the_roles_of_the_table(recorded: World, role: str, kind: Personal) -> None:
    """In its sentence; below, it is as it is in the log."""
    shown = FIELDS[kind]
    position = line(recorded, role, shown.event)["position"]
    page = read(recorded, f"/evenement/{position}", role).text
    raw = page.partition('<pre tabindex="0"')[2]
    assert "sealed" in raw
    assert "Diallo" not in raw
    assert "Marché" not in raw
    sentence = page.partition("</small>")[2].partition("</h1>")[0]
    assert sentence == line(recorded, role, shown.event)["sentence"].replace("'", "&#39;")
    assert "sealed" not in sentence
    if isinstance(shown.value, str):
        assert (shown.value in sentence) == reads(role, kind)


@MATRIX
def test_the_page_of_a_person_says_each_kind_to_the_roles_of_the_table(recorded: World, role: str, kind: Personal) -> None:
    page = read(recorded, "/parcours/p-1", role).text
    assert "sealed" not in page
    if isinstance(FIELDS[kind].value, str):
        assert (FIELDS[kind].value in page) == reads(role, kind)


@pytest.mark.parametrize("role", OTHERS)
def test_who_reads_no_timeline_reads_no_personal_field(recorded: World, role: str) -> None:
    assert [recorded.get(path, role=role).status_code for path in (TIMELINE, "/parcours/p-1")] == [403, 403]
    assert not any(reads(role, kind) for kind in Personal)


@pytest.mark.parametrize("role", READERS)
def test_of_an_event_the_fields_that_are_personal_are_sealed_alone(recorded: World, role: str) -> None:
    """Each field of an event is of its own kind, and what is no personal data is in clear for everybody."""
    data = line(recorded, role, "intake.EligibilityAssessed")["data"]
    assert (data["verdict"], data["person"], data["derogation"]) == ("ELIGIBLE", "p-1", None)
    assert {is_sealed(data[name]) for name in ("criteria", "evidence_kind")} == {not reads(role, Personal.NOTE)}


@pytest.mark.parametrize("role", READERS)
def test_the_events_carry_what_is_recorded_to_everybody(recorded: World, role: str) -> None:
    actor = "p-1" if role == "participant" else ""
    events = recorded.get("/v1/events", role=role, actor=actor)
    assert events.status_code == 200
    assert b'"sealed"' in events.data
    for word in ("Diallo", "Awa", "0601020304", "Marché", "Une attestation"):
        assert word.encode() not in events.data
        assert json.dumps(word)[1:-1].encode() not in events.data


def test_a_coach_reads_no_personal_field_of_whom_another_territory_follows(recorded: World) -> None:
    assert recorded.get(TIMELINE, territories=("flers",)).status_code == 403
    position = line(recorded, "coach", "intake.IdentityRecorded")["position"]
    assert recorded.get(f"/evenement/{position}", territories=("flers",)).status_code == 403


def test_a_coach_who_takes_over_reads_who_the_person_is_and_not_what_they_may_not_open(recorded: World) -> None:
    """An event of another territory has a sentence and no data; the sentence is about a person whom this coach now follows."""
    give(recorded, "TransferPerson", "p-1", to_territory="flers")
    told = line(recorded, "coach", "intake.IdentityRecorded", territories=("flers",))
    assert told["data"] is None
    assert "Diallo" in told["sentence"]


def test_a_participant_reads_nothing_of_another(recorded: World) -> None:
    identified(recorded, "p-2", "Anne", "Martin")
    assert recorded.get("/v1/people/p-2/timeline", role="participant", actor="p-1").status_code == 403
    assert "Diallo" in read(recorded, "/parcours/p-1", "participant").text


@pytest.mark.parametrize("role", [role for role in READERS if role != "system"])
def test_what_is_erased_is_read_by_nobody(recorded: World, role: str) -> None:
    """Its events stay on the timeline, with sentences that say less."""
    give(recorded, "DestroyPersonKey", "p-1", role="dpo", basis="DEMANDE")
    follow(recorded)
    recorded.components.personal.keyring.kept.clear()  # as a process does by itself within seconds
    for shown in FIELDS.values():
        told = line(recorded, role, shown.event)
        assert is_sealed(told["data"][shown.field])
        assert str(shown.value) not in told["sentence"]
        assert read(recorded, f"/evenement/{told['position']}", role).status_code == 200


def test_a_database_of_keys_that_is_away_is_said_to_be(recorded: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(persons: object) -> None:
        raise Unavailable("the keys of persons do not answer")

    keyring = recorded.components.personal.keyring
    keyring.kept.clear()
    monkeypatch.setattr(keyring.database, "keys_of", away)
    assert recorded.get(TIMELINE).status_code == 503
    assert recorded.get(TIMELINE, role="auditor").status_code == 200  # who may open nothing needs no key


@pytest.mark.parametrize("role", READERS)
def test_an_answer_with_something_personal_stays_in_no_cache(recorded: World, role: str) -> None:
    headers = read(recorded, TIMELINE, role).headers
    if any(reads(role, kind) for kind in Personal):
        assert (headers["Cache-Control"], "ETag" in headers) == ("no-store", False)
    else:
        assert (headers["Cache-Control"], "ETag" in headers) == ("private, no-cache", True)


def test_an_erased_person_is_unreadable_under_all_of_their_records(recorded: World) -> None:
    identified(recorded, "p-2", "Awa", "Dialo")
    merged = recorded.send("MergePersons", {"kept": "p-1", "merged": "p-2"}, role="coordinator")
    assert merged.status_code == 201, merged.text
    assert "Dialo" in read(recorded, TIMELINE, "coach").text
    give(recorded, "DestroyPersonKey", "p-1", role="dpo", basis="DEMANDE")
    follow(recorded)
    recorded.components.personal.keyring.kept.clear()
    told = read(recorded, TIMELINE, "coach").text
    assert not any(name in told for name in ("Diallo", "Dialo", "Awa"))
