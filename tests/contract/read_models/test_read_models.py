"""One promise for each database: the same events give the same tables, however they are cut, repeated, rebuilt or replayed."""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from services.reporting.audit.replay import replay
from services.reporting.facts.tables import TABLES
from services.reporting.quarter import Reporting
from services.reporting.read_models import Gap
from shared.message import EventBody, EventMessage, encode
from shared.store.port import Append, NewEvent
from shared.store.sqlite import SqliteStore
from tests.unit.reporting.history import ORNE, History

TOWNS = ("alencon", "flers", "argentan", "laigle")


def lives(seed: int, people: int) -> list[EventMessage]:
    """A history of every kind of fact, told out of order between persons."""
    chance = random.Random(seed)
    history = History()
    for number in range(people):
        life(history, f"p{number}", chance)
    for number in range(1, people, 5):
        history.say("intake.PersonsMerged", "2023-06-01", kept=f"p{number - 1}", merged=f"p{number}")
    history.say("reporting.TargetSet", "2022-06-01", "all", indicator="positive_rate", value=25, from_quarter="2022-Q2", for_territory=None)
    return history.events


def life(history: History, person: str, chance: random.Random) -> None:
    town = chance.choice(TOWNS)
    history.meet(person, "2022-07-01", town, chance.choice(["SUIVI", "INCONNU", "NON_INSCRIT"]))
    history.say("intake.OrientationReceived", "2022-07-02", town, orientation=f"o-{person}", person=person, prescriber="CCAS", kind="CCAS")
    history.say("intake.OrientationAccepted", "2022-07-09", town, orientation=f"o-{person}", person=person, prescriber="CCAS")
    history.refer(person, "2022-07-03", f"r-{person}", town)
    if chance.random() < 0.7:
        history.success(person, "2022-08-01", "2022-11-01", chance.choice(["CDI", "SIAE", "CDD"]), town)
        due: dict[str, Any] = {"person": person, "rank": 1, "milestone": "M3"}
        history.say("coaching.FollowUpScheduled", "2022-11-01", town, **due, due_on="2023-02-01", window_end="2023-03-03")
        history.say("coaching.FollowUpCompleted", "2023-02-03", town, **due, situation="EMPLOI", still_in_outcome=True, channel="SMS")
    if chance.random() < 0.3:
        history.say(
            "coaching.ExitCorrected",
            "2023-01-01",
            town,
            person=person,
            rank=1,
            supersedes=1,
            exit_on="2022-10-01",
            reason="ABANDON",
            outcomes=[],
        )
    history.say("coaching.InterviewHeld", "2022-09-01", town, person=person, rank=1, mode="VISIO", minutes=30)
    history.say(
        "coaching.SurveyAnswered",
        "2023-01-01",
        town,
        satisfied=True,
        rating=chance.randint(1, 5),
        domains=[],
        wellbeing=True,
        wants_continuation=False,
    )


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/read.sqlite" if request.param == "sqlite" else str(request.getfixturevalue("postgres_dsn"))


@pytest.fixture
def report(url: str) -> Iterator[Reporting]:
    made = Reporting(url, ORNE)
    yield made
    made.close()


def contents(report: Reporting) -> dict[str, list[tuple[Any, ...]]]:
    with report.models.reading() as connection:
        return {name: sorted(map(tuple, connection.execute(select(table))), key=repr) for name, table in TABLES.items()}


def said(report: Reporting) -> list[dict[str, Any]]:
    figures = [report.figures(town, quarter) for town in ("all", *TOWNS) for quarter in report.quarters()]
    return [{key: value for key, value in figure.items() if key != "position"} for figure in figures]


def in_memory(events: Sequence[EventMessage]) -> Reporting:
    report = Reporting("sqlite://", ORNE)
    report.apply(events)
    return report


def recorded(events: Sequence[EventMessage], path: Path) -> SqliteStore:
    store = SqliteStore(path)
    for number, event in enumerate(events):
        names = EventBody.__struct_fields__
        body = encode(EventBody(**{name: getattr(event, name) for name in names}))
        store.append(Append(f"s-{number}", 0, [NewEvent(event.id, event.type, body)], event.recordedtime))
    return store


def test_both_databases_give_the_same_figures(report: Reporting) -> None:
    events = lives(1, 40)
    report.apply(events)
    assert said(report) == said(in_memory(events))
    assert report.committee("flers", "2022-Q4") == in_memory(events).committee("flers", "2022-Q4")


def test_cutting_the_log_anywhere_gives_the_same_tables(report: Reporting) -> None:
    events = lives(2, 20)
    for start in range(0, len(events), 7):
        report.apply(events[start : start + 7])
    assert contents(report) == contents(in_memory(events))


def test_applying_twice_changes_nothing(report: Reporting) -> None:
    events = lives(3, 10)
    report.apply(events)
    before = contents(report)
    assert report.apply(events[5:]) == events[-1].position
    assert contents(report) == before


def test_a_redelivered_window_that_goes_further_applies_only_what_is_new(report: Reporting) -> None:
    events = lives(4, 10)
    report.apply(events[:30])
    report.apply(events[20:])
    assert contents(report) == contents(in_memory(events))


def test_a_gap_is_refused_and_changes_nothing(report: Reporting) -> None:
    events = lives(5, 10)
    report.apply(events[:10])
    before = contents(report)
    with pytest.raises(Gap):
        report.apply(events[11:])
    with pytest.raises(Gap):
        report.apply([*events[10:15], *events[16:]])
    assert contents(report) == before


def test_an_event_that_cannot_be_read_stops_its_batch_whole(report: Reporting) -> None:
    events = lives(6, 10)
    broken = msgspec.structs.replace(events[12], type="fr.parcours.intake.PersonIdentified", data=msgspec.Raw(b"{}"))
    with pytest.raises(msgspec.ValidationError):
        report.apply([*events[:12], broken])
    assert report.position() == 0


def test_a_rebuild_gives_the_live_tables_again(report: Reporting, tmp_path: Path) -> None:
    with_store = recorded(lives(7, 20), tmp_path / "log.sqlite")
    events = with_store.read_all(0, 10_000)
    report.apply(events[:50])
    assert report.rebuild(with_store) == with_store.head()
    first = contents(report)
    assert report.rebuild(with_store) == with_store.head()
    assert contents(report) == first == contents(in_memory(events))
    with_store.close()


class Growing(SqliteStore):
    """A log that is still being written when a rebuild first asks for its end."""

    asked = 0

    def head(self) -> int:
        self.asked += 1
        return 30 if self.asked == 1 else super().head()


def test_a_rebuild_never_takes_the_live_tables_back(report: Reporting, tmp_path: Path) -> None:
    recorded(lives(7, 20), tmp_path / "log.sqlite").close()
    store = Growing(tmp_path / "log.sqlite")
    events = store.read_all(0, 10_000)
    report.apply(events)
    store.asked = 0
    assert report.rebuild(store) == report.position() == events[-1].position
    store.close()


def test_live_equals_replay_at_every_position(report: Reporting, tmp_path: Path) -> None:
    store = recorded(lives(8, 12), tmp_path / "log.sqlite")
    events = store.read_all(0, 10_000)
    for cut in (10, 40, len(events)):
        report.apply(events[:cut])
        again = replay(store, report.position(), ORNE)
        assert said(again) == said(report)
        assert again.position() == report.position()
    store.close()


EVENTS = lives(9, 8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cuts=st.sets(st.integers(1, len(EVENTS) - 1)), again=st.integers(0, 12))
def test_any_batching_with_any_redelivery_gives_the_same_tables(cuts: set[int], again: int) -> None:
    report = Reporting("sqlite://", ORNE)
    start = 0
    for cut in [*sorted(cuts), len(EVENTS)]:
        report.apply(EVENTS[max(0, start - again) : cut])
        start = cut
    assert contents(report) == contents(in_memory(EVENTS))
