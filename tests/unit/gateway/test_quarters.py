"""Of a quarter that is over or goes on, figures; of one that nothing can be counted in, a word that says why, for every reader."""

import pytest

from services.vocabulary.calendar import local_date, quarter_of
from tests.browser.history import must
from tests.harness.world import World, met

FUTURE = "n’a pas encore commencé"
BEFORE = "précède le premier fait"


def addresses(quarter: str) -> list[str]:
    return [
        f"/coter/alencon/{quarter}",
        f"/coter/all/{quarter}/people_met",
        f"/v1/indicators?quarter={quarter}",
        f"/v1/indicators/people_met/evidence?quarter={quarter}",
    ]


@pytest.mark.parametrize("role", ["coach", "coordinator", "committee"])
@pytest.mark.parametrize(("quarter", "why"), [("2029-Q4", FUTURE), ("2098-Q1", FUTURE), ("2019-Q3", BEFORE), ("2024-Q1", BEFORE)])
def test_a_quarter_without_figures_says_why(world: World, role: str, quarter: str, why: str) -> None:
    must(world, "IdentifyPerson", met("p-1"), day="04-02")
    for address in addresses(quarter):
        answer = world.get(address, role=role)
        assert (answer.status_code, why in answer.text) == (404, True), address


def test_every_quarter_from_the_first_fact_until_now_has_figures(world: World) -> None:
    must(world, "IdentifyPerson", met("p-1"), day="04-02")
    for quarter in ("2024-Q2", "2024-Q3", quarter_of(local_date(world.deps.clock()))):
        assert [world.get(address).status_code for address in addresses(quarter)] == [200] * 4


def test_before_any_fact_a_quarter_that_has_begun_is_empty(world: World) -> None:
    assert world.get("/coter/alencon/2024-Q2").status_code == 200
    assert world.get("/coter/alencon/2098-Q1").status_code == 404
