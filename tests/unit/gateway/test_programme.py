"""What a frontend asks before it shows anything."""

import pytest

from services.bootstrap.permissions import table
from services.bootstrap.registry import SERVICES
from services.vocabulary.roles import Role
from tests.harness.world import World


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_everybody_learns_what_they_may_do(world: World, role: str) -> None:
    answer = world.get("/v1/me", role=role, territories=("flers",)).json
    assert answer is not None
    assert (answer["territories"], answer["everywhere"], answer["actor"]["role"]) == (["flers"], False, role)
    permissions = {each["action"]: each["scope"] for each in answer["permissions"]}
    assert permissions == {action: scope for (who, action), scope in table(SERVICES.values()).items() if who == role}
    assert world.get("/v1/programme", role=role).status_code == 200


def test_nobody_is_told_anything_without_a_session(world: World) -> None:
    assert {world.get(path, role=None).status_code for path in ("/v1/me", "/v1/programme", "/v1/quarters", "/v1/definitions")} == {401}


def test_the_programme_has_its_places_and_its_words(world: World) -> None:
    answer = world.get("/v1/programme").json
    assert answer is not None
    assert [each["id"] for each in answer["territories"]] == list(world.deps.territories)
    assert {"code": "RUE", "label": "dans la rue"} in answer["vocabularies"]["Channel"]
    codes = {codes.__name__ for service in SERVICES.values() for codes in service.coded_values}
    assert answer["vocabularies"].keys() == codes
    assert all(each["label"] for each in answer["thematiques"])


def test_a_committee_has_the_history_of_closed_quarters_alone(world: World) -> None:
    world.meet()
    exact, masked = (world.get("/v1/indicators/people_met/history?territory=alencon", role=role).json for role in ("coach", "committee"))
    assert exact is not None
    assert masked is not None
    assert [point["cell"] for point in exact["trend"]] == [{"value": 1}]
    assert masked["trend"] == []
    quarters = [world.get("/v1/quarters", role=role).json for role in ("coach", "committee")]
    assert [len((each or {})["quarters"]) for each in quarters] == [1, 0]


def test_the_definitions_say_what_a_figure_means(world: World) -> None:
    answer = world.get("/v1/definitions", role="committee").json
    assert answer is not None
    assert (answer["version"], answer["versions"]) == (1, [{"version": 1, "from_quarter": None}])
    assert {"positive_rate", "people_met"} <= {each["id"] for each in answer["indicators"]}
    assert world.get("/v1/definitions?definitions=9").status_code == 404
    assert world.get("/v1/indicators/nothing/history").status_code in {200, 404}
