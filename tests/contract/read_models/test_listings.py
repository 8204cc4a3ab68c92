"""In each database, a list read page by page is the whole list, and a person stands as they do in memory."""

from contextlib import closing

import pytest

from services.reporting.list_answers import SORTS, ListQuestion
from services.reporting.queries.reports import Reports
from tests.contract.read_models.tables import folded_in_memory, random_history

TODAY = "2023-01-15"
LIMIT = 7
HISTORY = random_history(5, 40)


def every_page(report: Reports, name: str, sort: str, seen_from: list[str] | None = None) -> list[object]:
    found, after = [], None
    while True:
        page = report.listing(ListQuestion(name, {}, sort, LIMIT, after, seen_from))
        found += page
        if len(page) < LIMIT:
            return found
        after = [getattr(page[-1], column) for column in SORTS[name][sort.removeprefix("-")]]


@pytest.mark.parametrize(("name", "sort"), [(name, sort) for name, sorts in SORTS.items() for sort in sorts])
def test_pages_are_the_whole_list_in_either_order(report: Reports, name: str, sort: str) -> None:
    report.apply(HISTORY)
    whole = report.listing(ListQuestion(name, {}, sort, 10_000))
    assert every_page(report, name, sort) == whole
    assert every_page(report, name, f"-{sort}") == whole[::-1]
    with closing(folded_in_memory(HISTORY)) as memory:
        assert sorted(map(repr, whole)) == sorted(map(repr, memory.listing(ListQuestion(name, {}, sort, 10_000))))


def test_what_is_seen_from_all_territories_is_everything(report: Reports) -> None:
    report.apply(HISTORY)
    everybody = every_page(report, "people", "person")
    assert len(everybody) > LIMIT
    assert every_page(report, "people", "person", report.territories) == everybody
    assert every_page(report, "people", "person", []) == []


def test_a_person_stands_as_in_memory(report: Reports) -> None:
    report.apply(HISTORY)
    with closing(folded_in_memory(HISTORY)) as memory:
        for line in memory.listing(ListQuestion("people", {}, "person", 5)):
            assert report.person(line.person, TODAY) == memory.person(line.person, TODAY)
