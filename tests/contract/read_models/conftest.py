"""Reports over each database: a test with these fixtures runs once in SQLite and once in PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.reporting.queries.reports import Reports
from tests.unit.reporting.history import ORNE


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/read.sqlite" if request.param == "sqlite" else str(request.getfixturevalue("postgres_dsn"))


@pytest.fixture
def report(url: str) -> Iterator[Reports]:
    report = Reports(url, ORNE, lambda positions: [])  # a test of timelines sets `report.read_events`
    yield report
    report.close()
