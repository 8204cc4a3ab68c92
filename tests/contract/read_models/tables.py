"""Histories to fold, and what the tables then hold."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select

from services.reporting.facts.tables import TABLES
from services.reporting.queries.reports import Reports
from shared.message import EventBody, EventMessage, Position, encode
from shared.store.port import Append, NewEvent
from shared.store.sqlite.store import SqliteStore
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


def contents(report: Reports) -> dict[str, list[tuple[Any, ...]]]:
    """All that the tables hold, but the name of who made them."""
    asked = {name: table.columns.values() for name, table in TABLES.items()}
    asked["checkpoint"] = [column for column in asked["checkpoint"] if column.name != "name"]
    with report.models.reading() as connection:
        return {name: sorted(map(tuple, connection.execute(select(*columns))), key=repr) for name, columns in asked.items()}


def said(report: Reports) -> list[dict[str, Any]]:
    figures = [report.figures(town, quarter) for town in ("all", *TOWNS) for quarter in report.quarters()]
    return [{key: value for key, value in figure.items() if key != "position"} for figure in figures]


def at(events: Sequence[EventMessage]) -> Callable[[Sequence[Position]], list[EventMessage]]:
    """Reading at positions, in these events."""
    return lambda positions: [event for event in events if event.position in set(positions)]


def in_memory(events: Sequence[EventMessage]) -> Reports:
    report = Reports("sqlite://", ORNE, at(events))
    report.apply(events)
    return report


def recorded(events: Sequence[EventMessage], path: Path, *, now: bool = False) -> SqliteStore:
    """A log of these events, recorded when they say or now."""
    store = SqliteStore(path)
    for number, event in enumerate(events):
        names = EventBody.__struct_fields__
        body = encode(EventBody(**{name: getattr(event, name) for name in names}))
        store.append(Append(f"s-{number}", 0, [NewEvent(event.id, event.type, body)], None if now else event.recordedtime))
    return store
