"""In each database, the same events give the same tables, however they are batched, redelivered or replayed."""

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from services.reporting.facts.tables import TABLES
from services.reporting.projection import fact_batch, read_models
from services.reporting.projection.database import driver_connection
from services.reporting.projection.read_models import EventGap, OtherVersion
from services.reporting.projection.schema import build_name
from services.reporting.queries.replay import replay
from services.reporting.queries.reports import Reports
from tests.contract.read_models.tables import TOWNS, all_figures, folded_in_memory, random_history, reader_of, sqlite_log, table_contents
from tests.unit.reporting.history import ORNE


def test_both_databases_give_the_same_figures(report: Reports) -> None:
    events = random_history(1, 40)
    report.read_events = reader_of(events)
    report.apply(events)
    assert all_figures(report) == all_figures(folded_in_memory(events))
    assert report.committee("flers", "2022-Q4") == folded_in_memory(events).committee("flers", "2022-Q4")


def test_batches_of_any_size_give_the_same_tables(report: Reports) -> None:
    events = random_history(2, 20)
    for start in range(0, len(events), 7):
        report.apply(events[start : start + 7])
    assert table_contents(report) == table_contents(folded_in_memory(events))


def test_applying_twice_changes_nothing(report: Reports) -> None:
    events = random_history(3, 10)
    report.apply(events)
    before = table_contents(report)
    assert report.apply(events[5:]) == events[-1].position
    assert table_contents(report) == before


def test_a_redelivered_batch_with_more_events_applies_only_the_new_ones(report: Reports) -> None:
    events = random_history(4, 10)
    report.apply(events[:30])
    report.apply(events[20:])
    assert table_contents(report) == table_contents(folded_in_memory(events))


def test_tables_of_another_version_are_neither_read_nor_changed(report: Reports, url: str) -> None:
    events = random_history(13, 10)
    report.apply(events)
    before = table_contents(report)
    with report.models.writing() as connection:
        name = build_name(connection, TABLES)
        connection.execute(update(TABLES["checkpoint"]).values(name="facts of another version"))
    with closing(Reports(url, ORNE, reader_of(events))) as other:
        for query in (other.position, other.quarters, lambda: other.apply(events), lambda: other.figures("all", "2023-Q1")):
            with pytest.raises(OtherVersion, match="parcours rebuild"):
                query()
    with report.models.writing() as connection:
        connection.execute(update(TABLES["checkpoint"]).values(name=name))
    assert table_contents(report) == before


def test_an_error_in_a_statement_is_not_reported_as_unavailable(report: Reports) -> None:
    """A projection retries for ever while its database is unavailable: it must not retry a statement that is itself wrong."""
    for statement in ("SELECT nothing FROM nowhere", "SELECT repeat('x', 2000000000)", "SELECT 1 +"):
        with pytest.raises(DBAPIError), report.models.reading() as connection:
            connection.execute(text(statement))
        with pytest.raises((psycopg.Error, sqlite3.Error)), report.models.reading() as connection, driver_connection(connection) as driver:
            driver.execute(statement)


def test_opening_keeps_the_tables_of_this_version(report: Reports, url: str) -> None:
    events = random_history(14, 10)
    report.apply(events)
    with closing(Reports(url, ORNE, reader_of(events))) as reopened:
        assert table_contents(reopened) == table_contents(report)


def test_a_gap_in_the_events_is_refused_and_changes_nothing(report: Reports) -> None:
    events = random_history(5, 10)
    report.apply(events[:10])
    before = table_contents(report)
    with pytest.raises(EventGap):
        report.apply(events[11:])
    with pytest.raises(EventGap):
        report.apply([*events[10:15], *events[16:]])
    assert table_contents(report) == before


def test_an_event_that_cannot_be_read_leaves_its_whole_batch_unapplied(report: Reports) -> None:
    events = random_history(6, 10)
    broken = msgspec.structs.replace(events[12], type="fr.parcours.intake.PersonIdentified", data=msgspec.Raw(b"{}"))
    with pytest.raises(msgspec.ValidationError):
        report.apply([*events[:12], broken])
    assert report.position() == 0


def test_live_equals_replay_at_every_position(report: Reports, tmp_path: Path) -> None:
    store = sqlite_log(random_history(8, 12), tmp_path / "log.sqlite")
    events = store.read_all(0, 10_000)
    for cut in (10, 40, len(events)):
        report.apply(events[:cut])
        replayed = replay(store, report.position(), ORNE)
        assert all_figures(replayed) == all_figures(report)
        assert replayed.position() == report.position()
    store.close()


def test_a_replay_has_the_same_facts_and_builds_its_timeline_index_on_demand(report: Reports, tmp_path: Path) -> None:
    store = sqlite_log(random_history(10, 12), tmp_path / "log.sqlite")
    events = store.read_all(0, 10_000)
    report.read_events = store.read_at
    report.apply(events[:90])
    replayed = replay(store, report.position(), ORNE)
    live_rows, replayed_rows = table_contents(report), table_contents(replayed)
    for kept_live in ("step", "entry", "balance"):
        assert replayed_rows.pop(kept_live) == []
        assert live_rows.pop(kept_live) != []
    assert replayed_rows == live_rows
    for person in ("p0", "p1", "p2"):
        assert replayed.timeline(person) == report.timeline(person)
    assert table_contents(replayed)["step"] == table_contents(report)["step"]
    store.close()


def test_one_cell_computed_alone_equals_the_same_cell_computed_with_all(report: Reports) -> None:
    report.apply(random_history(11, 30))
    single = {(town, quarter): report.figures(town, quarter) for town in ("all", *TOWNS) for quarter in report.quarters()}
    report.committee("all", report.quarters()[0])
    assert {(town, quarter): report.figures(town, quarter) for town, quarter in single} == single


def test_a_replay_with_many_flushes_gives_the_same_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = sqlite_log(random_history(12, 30), tmp_path / "log.sqlite")
    whole = table_contents(replay(store, None, ORNE))
    monkeypatch.setattr(fact_batch, "MAX_ROWS", 40)
    monkeypatch.setattr(read_models, "READ_PAGE_SIZE", 11)
    assert table_contents(replay(store, None, ORNE)) == whole
    store.close()


EVENTS = random_history(9, 8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cuts=st.sets(st.integers(1, len(EVENTS) - 1)), redelivered=st.integers(0, 12))
def test_any_batching_with_any_redelivery_gives_the_same_tables(cuts: set[int], redelivered: int) -> None:
    report = Reports("sqlite://", ORNE, reader_of(EVENTS))
    start = 0
    for cut in [*sorted(cuts), len(EVENTS)]:
        report.apply(EVENTS[max(0, start - redelivered) : cut])
        start = cut
    assert table_contents(report) == table_contents(folded_in_memory(EVENTS))
