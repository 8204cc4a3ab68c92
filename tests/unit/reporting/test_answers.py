"""The published language of reporting: the JSON that clients get, and the way from the service to the gateway."""

import json

import msgspec
import pytest

from services.reporting.answers import (
    Cell,
    CommitteePage,
    Evidence,
    Fact,
    Figures,
    GapCell,
    MaskedCell,
    RateCell,
    Timeline,
    ValueCell,
    from_wire,
    to_wire,
)
from services.reporting.queries.reports import Reports
from tests.contract.read_models.tables import random_history, reader_of
from tests.unit.reporting.history import ORNE

CELLS = {
    RateCell(8, 20, 40): '{"numerator":8,"denominator":20,"percent":40}',
    RateCell(0, 0, None): '{"numerator":0,"denominator":0,"percent":null}',
    ValueCell(12): '{"value":12}',
    ValueCell(5.0): '{"value":5.0}',
    ValueCell(None): '{"value":null}',
    GapCell(-25, 3): '{"value":-25,"missing":3}',
    GapCell(None, None): '{"value":null,"missing":null}',
    MaskedCell("Moins de 5"): '{"masked":"Moins de 5"}',
}


@pytest.mark.parametrize(("cell", "text"), CELLS.items())
def test_a_cell_has_the_json_that_clients_know(cell: Cell, text: str) -> None:
    assert msgspec.json.encode(cell).decode() == text
    figures = Figures("all", "2024-Q2", 7, 1, {"people_met": cell})
    assert (
        msgspec.json.encode(figures).decode()
        == f'{{"territory":"all","quarter":"2024-Q2","position":7,"definitions":1,"indicators":{{"people_met":{text}}}}}'
    )
    decoded = from_wire(json.loads(json.dumps(to_wire(figures))), Figures)
    assert decoded == figures
    assert repr(decoded) == repr(figures)  # 5 and 5.0 are equal, but they are not the same JSON


def test_evidence_has_the_json_that_clients_know() -> None:
    bare, full = Fact("exit", "2024-05-01", [3, 7]), Fact("exit", None, [9], "flers", None, "CDI")
    evidence = Evidence("positive_rate", "Sorties", "Personnes…", "numerator", 2, [bare, full], None)
    assert msgspec.json.encode(evidence).decode() == (
        '{"indicator":"positive_rate","label":"Sorties","definition":"Personnes…","side":"numerator","count":2,"facts":['
        '{"fact":"exit","on":"2024-05-01","positions":[3,7]},'
        '{"fact":"exit","on":null,"positions":[9],"territory":"flers","person":null,"detail":"CDI"}],"masked":null}'
    )
    assert [fact.has_details for fact in evidence.facts] == [False, True]
    assert from_wire(json.loads(json.dumps(to_wire(evidence))), Evidence) == evidence


def test_answers_of_the_service_are_decoded_as_they_were() -> None:
    events = random_history(1, 40)
    report = Reports("sqlite://", ORNE, reader_of(events))
    report.apply(events)
    for shape, answer in (
        (Figures, report.figures("all", "2023-Q1")),
        (CommitteePage, report.committee("alencon", "2023-Q1")),
        (Evidence, report.evidence("people_met", "all", "2023-Q1", audience="exact")),
        (Timeline, report.timeline("p1")),
    ):
        assert from_wire(json.loads(json.dumps(to_wire(answer))), shape) == answer


@pytest.mark.parametrize("value", [{"value": 1, "masked": "x"}, {"percent": 2}, {}, 3, {"value": "x"}])
def test_a_value_that_is_no_cell_is_refused(value: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        from_wire({"territory": "all", "quarter": "2024-Q2", "position": 7, "definitions": 1, "indicators": {"x": value}}, Figures)
