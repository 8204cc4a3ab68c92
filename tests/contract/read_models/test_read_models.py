"""One promise for each database: the same events give the same tables, however they are cut, repeated or replayed."""

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
from services.reporting.projection.database import driving
from services.reporting.projection.read_models import Gap, OtherVersion
from services.reporting.projection.schema import maker
from services.reporting.queries.replay import replay
from services.reporting.queries.reports import Reports
from tests.contract.read_models.tables import TOWNS, at, contents, in_memory, lives, recorded, said
from tests.unit.reporting.history import ORNE


def test_both_databases_give_the_same_figures(report: Reports) -> None:
    events = lives(1, 40)
    report.apply(events)
    assert said(report) == said(in_memory(events))
    assert report.committee("flers", "2022-Q4") == in_memory(events).committee("flers", "2022-Q4")


def test_cutting_the_log_anywhere_gives_the_same_tables(report: Reports) -> None:
    events = lives(2, 20)
    for start in range(0, len(events), 7):
        report.apply(events[start : start + 7])
    assert contents(report) == contents(in_memory(events))


def test_applying_twice_changes_nothing(report: Reports) -> None:
    events = lives(3, 10)
    report.apply(events)
    before = contents(report)
    assert report.apply(events[5:]) == events[-1].position
    assert contents(report) == before


def test_a_redelivered_window_that_goes_further_applies_only_what_is_new(report: Reports) -> None:
    events = lives(4, 10)
    report.apply(events[:30])
    report.apply(events[20:])
    assert contents(report) == contents(in_memory(events))


def test_tables_that_another_version_made_are_neither_read_nor_changed_by_who_opens_them(report: Reports, url: str) -> None:
    events = lives(13, 10)
    report.apply(events)
    before = contents(report)
    with report.models.writing() as connection:
        name = maker(connection, TABLES)
        connection.execute(update(TABLES["checkpoint"]).values(name="facts as they were"))
    with closing(Reports(url, ORNE, at(events))) as again:
        for ask in (again.position, again.quarters, lambda: again.apply(events), lambda: again.figures("all", "2023-Q1")):
            with pytest.raises(OtherVersion, match="parcours rebuild"):
                ask()
    with report.models.writing() as connection:
        connection.execute(update(TABLES["checkpoint"]).values(name=name))
    assert contents(report) == before


def test_what_a_statement_does_wrong_is_not_waited_for(report: Reports) -> None:
    """A projection waits for a database that is away, without end: it must not wait for its own mistake to pass."""
    for mistaken in ("SELECT nothing FROM nowhere", "SELECT repeat('x', 2000000000)", "SELECT 1 +"):
        with pytest.raises(DBAPIError), report.models.reading() as connection:
            connection.execute(text(mistaken))
        with pytest.raises((psycopg.Error, sqlite3.Error)), report.models.reading() as connection, driving(connection) as driver:
            driver.execute(mistaken)


def test_tables_of_this_version_stay(report: Reports, url: str) -> None:
    events = lives(14, 10)
    report.apply(events)
    again = Reports(url, ORNE, at(events))
    assert contents(again) == contents(report)
    again.close()


def test_a_gap_is_refused_and_changes_nothing(report: Reports) -> None:
    events = lives(5, 10)
    report.apply(events[:10])
    before = contents(report)
    with pytest.raises(Gap):
        report.apply(events[11:])
    with pytest.raises(Gap):
        report.apply([*events[10:15], *events[16:]])
    assert contents(report) == before


def test_an_event_that_cannot_be_read_stops_its_batch_whole(report: Reports) -> None:
    events = lives(6, 10)
    broken = msgspec.structs.replace(events[12], type="fr.parcours.intake.PersonIdentified", data=msgspec.Raw(b"{}"))
    with pytest.raises(msgspec.ValidationError):
        report.apply([*events[:12], broken])
    assert report.position() == 0


def test_live_equals_replay_at_every_position(report: Reports, tmp_path: Path) -> None:
    store = recorded(lives(8, 12), tmp_path / "log.sqlite")
    events = store.read_all(0, 10_000)
    for cut in (10, 40, len(events)):
        report.apply(events[:cut])
        again = replay(store, report.position(), ORNE)
        assert said(again) == said(report)
        assert again.position() == report.position()
    store.close()


def test_a_replay_holds_the_live_facts_and_reads_the_timeline_when_one_is_asked_for(report: Reports, tmp_path: Path) -> None:
    store = recorded(lives(10, 12), tmp_path / "log.sqlite")
    events = store.read_all(0, 10_000)
    report.events = store.read_at
    report.apply(events[:90])
    again = replay(store, report.position(), ORNE)
    live, replayed = contents(report), contents(again)
    assert replayed.pop("step") == []
    assert live.pop("step") != []
    assert replayed == live
    for person in ("p0", "p1", "p2"):
        assert again.timeline(person) == report.timeline(person)
    assert contents(again)["step"] == contents(report)["step"]
    store.close()


def test_a_quarter_asked_alone_says_what_it_says_among_all(report: Reports) -> None:
    report.apply(lives(11, 30))
    alone = {(town, quarter): report.figures(town, quarter) for town in ("all", *TOWNS) for quarter in report.quarters()}
    report.committee("all", report.quarters()[0])
    assert {(town, quarter): report.figures(town, quarter) for town, quarter in alone} == alone


def test_a_replay_in_many_parts_gives_the_same_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = recorded(lives(12, 30), tmp_path / "log.sqlite")
    whole = contents(replay(store, None, ORNE))
    monkeypatch.setattr(fact_batch, "FULL", 40)
    monkeypatch.setattr(read_models, "BATCH", 11)
    assert contents(replay(store, None, ORNE)) == whole
    store.close()


EVENTS = lives(9, 8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cuts=st.sets(st.integers(1, len(EVENTS) - 1)), again=st.integers(0, 12))
def test_any_batching_with_any_redelivery_gives_the_same_tables(cuts: set[int], again: int) -> None:
    report = Reports("sqlite://", ORNE, at(EVENTS))
    start = 0
    for cut in [*sorted(cuts), len(EVENTS)]:
        report.apply(EVENTS[max(0, start - again) : cut])
        start = cut
    assert contents(report) == contents(in_memory(EVENTS))
