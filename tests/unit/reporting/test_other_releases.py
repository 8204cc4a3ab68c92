"""Between two releases over RPC: a field that the older one does not know is ignored, one that it does not send has its default."""

from typing import Any

import pytest

from services.reporting.answers import Figures, ValueCell, from_wire, to_wire
from services.reporting.queries.rpc_queries import ReportQueries
from services.reporting.service import ReportingService
from shared.reply import fault_in
from tests.contract.read_models.tables import folded_in_memory, random_history

FIGURES = Figures("alencon", "2024-Q2", 7, 1, {"people_met": ValueCell(3)})


def test_what_a_newer_service_adds_to_an_answer_is_ignored() -> None:
    newer = {**to_wire(FIGURES), "of_tomorrow": {"deep": [1]}}
    newer["indicators"]["people_met"]["of_tomorrow"] = True
    assert from_wire(newer, Figures) == FIGURES
    assert fault_in({"refused": {"code": "x", "details": {}, "of_tomorrow": 1}}) is not None


def test_what_a_newer_gateway_adds_to_a_question_is_ignored_and_what_an_older_one_leaves_out_has_its_default() -> None:
    queries = ReportQueries(folded_in_memory(random_history(1, 5)), lambda: 0)
    question: dict[str, Any] = {"name": "people", "filters": {}, "sort": "person", "limit": 2}
    assert queries.listing(question | {"of_tomorrow": 1}) == queries.listing(question | {"after": None, "seen_from": None})
    assert queries.listing(question)


@pytest.mark.parametrize(("method", "first"), [("figures", 2), ("committee", 2), ("evidence", 4), ("history", 3), ("position", 0)])
def test_each_argument_that_was_added_to_a_query_has_a_default(method: str, first: int) -> None:
    """A gateway of the first release gives only the arguments that it knows."""
    function = getattr(ReportingService, method)
    required = function.__code__.co_argcount - len(function.__defaults__ or ()) - 1
    assert required <= first
