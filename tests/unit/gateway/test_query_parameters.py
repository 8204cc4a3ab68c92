"""Query strings: what an address does not take is a fault under its name, and never a silent default."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from services.gateway.parameter_kinds import MAX_POSITION
from services.gateway.problems import Problem
from services.gateway.query_parameters import QueryParameters
from services.gateway.reporting_client import POSITION_HEADER
from shared.errors import Invalid
from tests.harness.world import World
from tests.processes import this_quarter

PARAMETERS = QueryParameters(["alencon", "flers"], ["ouest"], ["intake.PersonIdentified"])
FIGURES, EVIDENCE = "/v1/indicators", "/v1/indicators/people_met/evidence"
ODD_NUMBERS = ("", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "1_0", "\u0661", "\uff11", "one", "9" * 19, "9" * 5_000, "\0", "1\0")
ODD_TEXTS = ("", "paris", "Alençon", "ALENCON", "alencon\0", "al\u200bencon", "x" * 5_000)
ODD_QUARTERS = ("", "spring", "2024-Q5", "2024-Q0", "2024Q1", "20\u0662\u0664-Q1", "1924-Q1", "2024-Q1 ", "2024-Q1\n", "9" * 5_000)


def answer(world: World, path: str, query: Any, role: str, **more: Any) -> tuple[int, set[str]]:
    """The status of an answer, and the parameters at fault."""
    response = world.get(path, role=role, query_string=query, **more)
    assert response.content_type.startswith("application/problem+json"), response.text[:200]
    assert response.json is not None
    return response.status_code, set(response.json.get("faults", {}))


ODD = [
    *product(("/v1/events", "/v1/stream"), ("after",), ODD_NUMBERS),
    *product(("/v1/events",), ("limit",), (*ODD_NUMBERS, "0", "1001")),
    *product(("/v1/events", "/v1/stream"), ("territory", "type"), ODD_TEXTS),
    *product((FIGURES,), ("definitions",), (*ODD_NUMBERS, "0")),
    *product((FIGURES, EVIDENCE), ("territory",), ODD_TEXTS),
    *product((FIGURES, EVIDENCE), ("quarter",), ODD_QUARTERS),
    *product((FIGURES, EVIDENCE), ("position",), ODD_NUMBERS),
    *product((EVIDENCE,), ("side",), ("", "both", "Numerator")),
    *product(("/v1/tasks",), ("position",), ODD_NUMBERS),
    *product(("/v1/events", "/v1/stream", FIGURES, EVIDENCE, "/v1/tasks"), ("unknown", "Territory", "", "définitions"), ("1", "")),
]


@pytest.mark.parametrize("role", ["coordinator", "committee"])
def test_every_odd_value_is_a_fault_of_its_parameter(world: World, role: str) -> None:
    world.feed.start()
    for path, name, value in ODD:
        query = {"quarter": this_quarter()} if path in (FIGURES, EVIDENCE) else {}
        assert answer(world, path, query | {name: value}, role) == (400, {name}), (path, name, value[:20])


@pytest.mark.parametrize(
    ("query", "name"), [("quarter=2024-Q2&quarter=2024-Q2", "quarter"), ("quarter=2024-Q2&side=numerator&side=denominator", "side")]
)
def test_a_parameter_is_given_once(world: World, query: str, name: str) -> None:
    assert answer(world, EVIDENCE, query, "coordinator") == (400, {name})


def test_a_filter_takes_several_values(world: World) -> None:
    for territory in ("flers", "alencon", "argentan"):
        world.meet(territory=territory)
    types = ("type=intake", "type=intake.PersonIdentified,coaching", "type=fr.parcours.intake.PersonIdentified")
    for places, kinds in product(("territory=flers,alencon", "territory=flers&territory=alencon"), types):
        page = world.get(f"/v1/events?{places}&{kinds}").json
        assert page is not None
        assert [event["territory"] for event in page["events"]] == ["flers", "alencon"]


def test_a_position_in_a_header_is_read_like_one_in_the_query(world: World) -> None:
    for odd in ("-1", "1e3", "9" * 5_000, "demain"):
        response = world.get(f"{FIGURES}?quarter={this_quarter()}", headers={POSITION_HEADER: odd})
        assert (response.status_code, response.json and response.json["code"]) == (400, "unreadable")


def test_every_fault_of_a_query_is_listed() -> None:
    with pytest.raises(Problem) as problem:
        PARAMETERS.read(FIGURES, MultiDict([("territory", "paris"), ("position", "x"), ("year", "1")]))
    assert set(problem.value.more["faults"]) == {"territory", "position", "year", "quarter"}
    with pytest.raises(Invalid):
        PARAMETERS.read(FIGURES, MultiDict())


RULES = tuple(PARAMETERS.by_rule)
NAMES = ("after", "limit", "territory", "type", "quarter", "definitions", "position", "side", "cote", "person", "suite")


@given(st.sampled_from(RULES), st.lists(st.tuples(st.sampled_from(NAMES) | st.text(max_size=5), st.text() | st.integers().map(str))))
def test_any_query_string_is_read_or_refused(rule: str, pairs: list[tuple[str, str]]) -> None:
    """And what is read is what the address has, each within its bounds."""
    try:
        values = PARAMETERS.read(rule, MultiDict(pairs))
    except (Problem, Invalid):
        return
    assert set(values) == {name for name, _ in pairs} <= {parameter.name for parameter in PARAMETERS.of(rule)}
    numbers = [value for value in values.values() if isinstance(value, int)]
    assert all(0 <= value <= MAX_POSITION for value in numbers)
