"""Random histories to fold, logs that hold them, and what the tables of facts then contain."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select

from services.reporting.answers import Cell
from services.reporting.facts.tables import TABLES
from services.reporting.queries.reports import Reports
from shared.message import EventBody, EventMessage, Position, encode
from shared.store.port import Append, NewEvent
from shared.store.sqlite.store import SqliteStore
from tests.unit.reporting.history import ORNE, History

TOWNS = ("alencon", "flers", "argentan", "laigle")


def random_history(seed: int, people: int) -> list[EventMessage]:
    """A history with every kind of fact. The same seed gives the same history."""
    chance = random.Random(seed)
    history = History()
    for number in range(people):
        record_person(history, f"p{number}", chance)
    for number in range(1, people, 5):
        history.record("intake.PersonsMerged", "2023-06-01", kept=f"p{number - 1}", merged=f"p{number}")
    history.record(
        "reporting.TargetSet", "2022-06-01", "all", indicator="positive_rate", value=25, from_quarter="2022-Q2", for_territory=None
    )
    return history.events


def record_person(history: History, person: str, chance: random.Random) -> None:
    town = chance.choice(TOWNS)
    history.meet(person, "2022-07-01", town, chance.choice(["SUIVI", "INCONNU", "NON_INSCRIT"]))
    history.record(
        "intake.OrientationReceived", "2022-07-02", town, orientation=f"o-{person}", person=person, prescriber="CCAS", kind="CCAS"
    )
    history.record("intake.OrientationAccepted", "2022-07-09", town, orientation=f"o-{person}", person=person, prescriber="CCAS")
    history.refer(person, "2022-07-03", f"r-{person}", town)
    if chance.random() < 0.7:
        history.success(person, "2022-08-01", "2022-11-01", chance.choice(["CDI", "SIAE", "CDD"]), town)
        due: dict[str, Any] = {"person": person, "rank": 1, "milestone": "M3"}
        history.record("coaching.FollowUpScheduled", "2022-11-01", town, **due, due_on="2023-02-01", window_end="2023-03-03")
        history.record("coaching.FollowUpCompleted", "2023-02-03", town, **due, situation="EMPLOI", still_in_outcome=True, channel="SMS")
    if chance.random() < 0.3:
        history.record(
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
    history.record("coaching.InterviewHeld", "2022-09-01", town, person=person, rank=1, mode="VISIO", minutes=30)
    history.record(
        "coaching.SurveyAnswered",
        "2023-01-01",
        town,
        satisfied=True,
        rating=chance.randint(1, 5),
        domains=[],
        wellbeing=True,
        wants_continuation=False,
    )


def table_contents(report: Reports) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, sorted, without the name of the build, and without the subtotals: where they are follows from the batches."""
    queries = {name: table.columns.values() for name, table in TABLES.items() if name != "subtotal"}
    queries["checkpoint"] = [column for column in queries["checkpoint"] if column.name not in {"name", "subtotal_in"}]
    with report.models.reading() as connection:
        return {name: sorted(map(tuple, connection.execute(select(*columns))), key=repr) for name, columns in queries.items()}


def all_figures(report: Reports) -> dict[tuple[str, str], dict[str, Cell]]:
    """The figures by territory and quarter, without their position."""
    return {(town, quarter): report.figures(town, quarter).indicators for town in ("all", *TOWNS) for quarter in report.quarters()}


def reader_of(events: Sequence[EventMessage]) -> Callable[[Sequence[Position]], list[EventMessage]]:
    """EventStore.read_at over these events."""
    return lambda positions: [event for event in events if event.position in set(positions)]


def folded_in_memory(events: Sequence[EventMessage]) -> Reports:
    """Reports over a scratch database into which all events were folded in one batch."""
    report = Reports("sqlite://", ORNE, reader_of(events))
    report.apply(events)
    return report


def sqlite_log(events: Sequence[EventMessage], path: Path, *, now: bool = False) -> SqliteStore:
    """A log of these events, with their own times of recording or, with `now`, with the time of this call."""
    store = SqliteStore(path)
    for number, event in enumerate(events):
        names = EventBody.__struct_fields__
        body = encode(EventBody(**{name: getattr(event, name) for name in names}))
        store.append(Append(f"s-{number}", 0, [NewEvent(event.id, event.type, body)], None if now else event.recordedtime))
    return store
