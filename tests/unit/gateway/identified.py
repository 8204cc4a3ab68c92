"""Persons whose identity, profile and texts were recorded, over HTTP, and the search index as the service of intake keeps it."""

from typing import Any

from werkzeug.test import TestResponse

from tests.harness.world import World

SEARCH = "/v1/people/search"
PROFILE: dict[str, Any] = {
    "sex": "F",
    "birth_year": 1990,
    "registration": "NON_INSCRIT",
    "education_level": "NIVEAU_4",
    "disability": True,
    "household": "SEUL",
}
ASSESSMENT: dict[str, Any] = {"criteria": ["RESIDENCE_QPV"], "verdict": "ELIGIBLE", "rule_version": 1, "evidence_kind": "Une attestation"}


def give(world: World, name: str, person: str, role: str = "coach", territory: str = "alencon", **data: Any) -> None:
    answer = world.send(name, {"person": person, **data}, role=role, territory=territory)
    assert answer.status_code == 201, answer.text


def identified(world: World, person: str, given: str, family: str, *, territory: str = "alencon", **more: Any) -> None:
    """Meet somebody, tell them of their rights, and record who they are."""
    world.meet(person, territory=territory)
    give(world, "GiveNotice", person, territory=territory, version=1, mode="ORAL")
    give(world, "RecordIdentity", person, territory=territory, given_name=given, family_name=family, **more)


def follow(world: World) -> None:
    """Bring the index up to the end of the log, as the process of intake does."""
    world.components.key_projector().catch_up()


def search(world: World, text: object, **more: Any) -> TestResponse:
    follow(world)
    return world.ask("POST", SEARCH, json={"text": text}, **more)


def found(world: World, text: str, **more: Any) -> list[tuple[str, str]]:
    """(person, family name) of those who are found."""
    answer = search(world, text, **more)
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    return [(each["line"]["person"], each["identity"]["family_name"]) for each in answer.json["items"]]
