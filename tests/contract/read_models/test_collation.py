"""The same everywhere: the order of a language, in PostgreSQL, decides no figure."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import text

from services.reporting.facts.tables import TABLES
from services.reporting.queries.reports import Reports
from tests.servers import GivenPostgres
from tests.unit.reporting.counted import counted, fold_only
from tests.unit.reporting.history import ORNE
from tests.unit.reporting.random_histories import Line, random_lines, recorded


@pytest.fixture(scope="module")
def french(postgres_server: GivenPostgres) -> Iterator[Reports]:
    """Read models in a database that orders text as a French dictionary does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARCOURS_TEST_ICU_LOCALE", "fr-FR")
        with postgres_server.database() as dsn:
            report = Reports(dsn, ORNE, lambda positions: [])
            yield report
            report.close()


@pytest.fixture(scope="module")
def scratch() -> Iterator[Reports]:
    report = Reports("sqlite://", ORNE, lambda positions: [])
    yield report
    report.close()


def test_the_database_orders_text_otherwise_than_its_bytes(french: Reports) -> None:
    with french.models.reading() as connection:
        assert connection.execute(text("select 'a' < 'B'")).scalar() is True


@settings(max_examples=15, deadline=None, suppress_health_check=[*HealthCheck])
@given(lines=random_lines())
def test_every_side_counts_the_same_rows(french: Reports, scratch: Reports, lines: list[Line]) -> None:
    history = recorded(lines)
    fold_only(french, history)
    fold_only(scratch, history)
    assert counted(french) == counted(scratch)


def test_every_text_of_the_read_models_is_ordered_by_its_bytes(french: Reports) -> None:
    tables = ", ".join(f"'{name}'" for name in TABLES)
    columns = f"select table_name, column_name, collation_name from information_schema.columns where table_name in ({tables})"
    with french.models.reading() as connection:
        texts = list(connection.execute(text(f"{columns} and data_type in ('text', 'character varying')")))
    assert len(texts) > 80
    assert [row for row in texts if row.collation_name != "C"] == []
