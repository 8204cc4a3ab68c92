"""Every reader may ask for any version of the definitions, in figures, evidence and pages; none is ignored."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.harness.world import World, met
from tests.processes import this_quarter
from tests.unit.reporting.history import V1

ROLES = ("coach", "coordinator", "committee", "funder", "auditor")
QUARTER = this_quarter()
ASKED = f"territory=alencon&quarter={QUARTER}"


@pytest.fixture
def defined(world: World) -> World:
    """Version 2, in force from this quarter on, counts a redirection when it is accepted. Every quarter is closed."""
    data = V1 | {"version": 2, "from_quarter": QUARTER, "counted_stages": {"redirection": "ACCEPTED"}}
    answer = world.send("PublishDefinitions", data, territory="all", role="coordinator")
    assert answer.status_code == 201, answer.text
    for number in range(30):
        assert world.send("IdentifyPerson", met(f"p-{number}")).status_code == 201
    reports = world.components.reports
    assert reports.closed
    reports.closed.clock = lambda: datetime(2099, 1, 1, tzinfo=UTC)
    return world


def read(world: World, path: str, role: str) -> Any:
    answer = world.get(path, role=role, territories=("alencon",))
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.mark.parametrize("role", ROLES)
def test_figures_are_read_under_the_version_that_is_asked(defined: World, role: str) -> None:
    for asked, version in (("", 2), ("&definitions=1", 1), ("&definitions=2", 2)):
        figures = read(defined, f"/v1/indicators?{ASKED}{asked}", role)
        assert figures["definitions"] == version
        assert figures["indicators"]["people_met"] == {"value": 30}


@pytest.mark.parametrize("role", ["coach", "coordinator", "committee", "auditor"])
def test_evidence_and_pages_are_read_under_the_version_that_is_asked(defined: World, role: str) -> None:
    for asked, words in (("", "acceptée"), ("&definitions=1", "envoyée"), ("&definitions=2", "acceptée")):
        evidence = read(defined, f"/v1/indicators/redirection_rate/evidence?{ASKED}{asked}", role)
        assert words in evidence["definition"]
        page = defined.get(f"/coter/alencon/{QUARTER}/redirection_rate?{asked.lstrip('&')}", role=role, territories=("alencon",))
        assert page.status_code == 200
        assert words in page.text


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("asked", "status"), [("0", 400), ("3", 404), ("99999999999999999", 400), ("", 400), ("x", 400), ("-1", 400)])
def test_a_version_that_is_none_is_never_ignored(world: World, role: str, asked: str, status: int) -> None:
    world.meet()
    paths = [f"/v1/indicators?{ASKED}", f"/coter/alencon/{QUARTER}?", f"/coter/alencon/{QUARTER}/people_met?"]
    if role != "funder":
        paths.append(f"/v1/indicators/people_met/evidence?{ASKED}")
    for path in paths:
        answer = world.get(f"{path}&definitions={asked}", role=role, territories=("alencon",))
        assert answer.status_code == status, path
        if asked == "3":
            assert "version 3" in answer.text


def test_the_links_of_a_page_keep_the_version_and_offer_the_others(defined: World) -> None:
    page = defined.get(f"/coter/alencon/{QUARTER}?definitions=1", role="coordinator").text
    assert f'href="/coter/alencon/{QUARTER}/people_met?definitions=1"' in page
    assert f'href="/coter/flers/{QUARTER}?definitions=1"' in page
    assert '<a href="?definitions=2">version 2</a>' in page
    plain = defined.get(f"/coter/alencon/{QUARTER}", role="coordinator").text
    assert f'href="/coter/alencon/{QUARTER}/people_met"' in plain
    assert "version 2, en vigueur pour ce trimestre" in plain


def test_faults_of_definitions_are_said_at_once_under_their_fields(world: World) -> None:
    data = V1 | {"version": 2, "from_quarter": QUARTER, "indicators": ["people_met", "x"]}
    data |= {"thresholds": V1["thresholds"] | {"small_cell": 1}, "outcome_classes": V1["outcome_classes"] | {"CDl": "POSITIVE"}}
    answer = world.send("PublishDefinitions", data, territory="all", role="coordinator")
    assert answer.status_code == 422
    assert answer.json is not None
    assert set(answer.json["faults"]) == {"indicators.1", "thresholds.small_cell", "outcome_classes.CDl"}
