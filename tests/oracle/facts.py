"""What the oracle reads from the history: facts, the merges of records, the exits as they were last stated. Only the standard library."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")

Fact = dict[str, Any]
"""The data of an event, with dates as `date`, and its `name`, position (`at`), day (`on`) and the territory in which it counts (`in`)."""


def fact_of(event: dict[str, Any]) -> Fact:
    data: Fact = event["data"]
    instants = [datetime.fromisoformat(event[field]).astimezone(PARIS) for field in ("time", "recordedtime")]
    fact = data | {field: date.fromisoformat(data[field]) for field in ("on", "exit_on", "due_on", "window_end") if data.get(field)}
    fact |= {"name": event["type"].rpartition(".")[2], "at": event["position"], "in": event["territory"]}
    # An exit counts on the day of the exit, a follow-up when its window closes, even if that is before the day on which they are told.
    counted = {"JourneyExited": "exit_on", "FollowUpScheduled": "window_end"}.get(fact["name"])
    fact |= {"happened": min(instants[0].date(), fact[counted] if counted else date.max), "recorded": instants[1].date()}
    # The rank of a journey and the id of a referral are unique among those of one person only.
    return fact | {"journey": (data.get("person"), data.get("rank")), "referral": (data.get("person"), data.get("referral"))}


def facts_as_of(events: Iterable[dict[str, Any]], position: int | None) -> list[Fact]:
    """The facts that count as of a position, in the order of the log. One that is set aside counts nowhere."""
    facts, aside = [fact_of(event) for event in events if position is None or event["position"] <= position], set[int]()
    for fact in reversed(facts):  # from the last one: a setting aside may itself be set aside
        if fact["name"] == "FactSetAside" and fact["at"] not in aside:
            aside.add(fact["position"])
    return [fact for fact in facts if fact["at"] not in aside]


def merges(facts: list[Fact]) -> dict[str, str]:
    """The record kept, by the record merged into it; a separation undoes the merge."""
    kept: dict[str, str] = {}
    for fact in facts:
        if fact["name"] == "PersonsMerged":
            kept[fact["merged"]] = fact["kept"]
        elif fact["name"] == "PersonsSeparated":
            kept.pop(fact["merged"], None)
    return kept


def exits(facts: list[Fact]) -> dict[tuple[str, int], Fact]:
    """Every exit by its journey: the last statement of it, where it was first stated."""
    stated: dict[tuple[str, int], Fact] = {}
    for fact in facts:
        if fact["name"] == "JourneyExited":
            stated[fact["journey"]] = fact | {"neutralised": False}
        elif fact["name"] == "ExitCorrected" and fact["journey"] in stated:
            stated[fact["journey"]] |= {field: fact[field] for field in ("exit_on", "reason", "outcomes")}
        elif fact["name"] == "ExitNeutralised" and fact["journey"] in stated:
            stated[fact["journey"]]["neutralised"] = True
        elif fact["name"] == "NeutralisationLifted" and fact["journey"] in stated:
            stated[fact["journey"]]["neutralised"] = False
    return stated


def withdrawn_attendances(facts: list[Fact]) -> set[int]:
    """The attendances and absences that were noted by mistake, by position."""
    noted: dict[tuple[str, str], int] = {}
    withdrawn = set[int]()
    for fact in facts:
        if fact["name"] in ("WorkshopAttended", "WorkshopMissed"):
            noted[fact["workshop"], fact["person"]] = fact["at"]
        elif fact["name"] == "AttendanceWithdrawn":
            withdrawn.add(noted.get((fact["workshop"], fact["person"]), 0))
    return withdrawn
