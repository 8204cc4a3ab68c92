"""Facts from this service's own events: published definitions, targets, released cells."""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from services.reporting.coded_values import TARGET_OF
from services.reporting.facts.change import Change, EventContext, FactReader, reader
from services.vocabulary.programme import PROGRAMME
from shared.message import Position

DATED = frozenset({"target", "release"})  # tables with a row for each decision
SCORES = {"POSITIVE": 2, "DYNAMIC": 1, "OTHER": 0}  # the best outcome of an exit is the one with the highest score


class DefinitionsPublished(Struct):
    version: int
    outcome_classes: dict[str, str]
    counted_stages: dict[str, str]
    thresholds: dict[str, int]
    indicators: list[str]
    on: str
    from_quarter: str | None = None


class TargetSet(Struct):
    indicator: str
    value: int
    from_quarter: str
    for_territory: str | None = None


class CellReleased(Struct):
    indicator: str
    quarter: str
    of_territory: str
    authority: str
    on: str


class FactSetAside(Struct):
    position: int
    reason: str
    on: str


def on_definitions_published(event: DefinitionsPublished, context: EventContext) -> list[Change]:
    body = msgspec.json.encode(event).decode()
    columns = {"on": event.on, "body": body, "published_at": context.position}
    return [Change("definitions", (event.version,), columns), *outcome_class_changes(event)]


def outcome_class_changes(event: DefinitionsPublished) -> list[Change]:
    """One row per rule. `CDD>=6` is the rule for a CDD of 6 months or more; a quality without a duration has 0 months.

    Of two rules that an outcome is long enough for, the one from more months applies.
    """
    rules = sorted((name, int(months or 0), class_) for name, months, class_ in map(rule, event.outcome_classes.items()))
    changes = []
    for (name, months, class_), following in zip(rules, [*rules[1:], None], strict=True):
        below = following[1] if following and following[0] == name else None
        columns = {"class": class_, "score": SCORES[class_], "below_months": below}
        changes.append(Change("outcome_class", (event.version, name, months), columns))
    return changes


def rule(entry: tuple[str, str]) -> tuple[str, str, str]:
    """The quality, the least months as text or nothing, and the class of `CDD>=6: POSITIVE`."""
    name, _, months = entry[0].partition(">=")
    return name, months, entry[1]


def on_target_set(event: TargetSet, context: EventContext) -> list[Change]:
    """Two names of one target are one fact: the later event counts."""
    measured = TARGET_OF.get(event.indicator, event.indicator)
    key = (measured, event.for_territory or PROGRAMME, event.from_quarter, context.position)
    return [Change("target", key, {"value": event.value})]


def on_cell_released(event: CellReleased, context: EventContext) -> list[Change]:
    key = (event.indicator, event.quarter, event.of_territory, context.position)
    return [Change("release", key, {"authority": event.authority, "on": event.on})]


def on_fact_set_aside(event: FactSetAside, context: EventContext) -> list[Change]:
    return [Change("set_aside", (event.position,), {"reason": event.reason, "on": event.on})]


def until(changes: Iterable[Change], position: Position) -> list[Change]:
    """What an event changes that is set aside at a position: of decisions it is kept that they were in force until then."""
    return [Change(one.table, one.key, one.columns | {"set_aside_at": position}) for one in changes if one.table in DATED]


READERS: dict[str, FactReader] = {
    "reporting.FactSetAside": reader(FactSetAside, on_fact_set_aside),
    "reporting.DefinitionsPublished": reader(DefinitionsPublished, on_definitions_published),
    "reporting.TargetSet": reader(TargetSet, on_target_set),
    "reporting.CellReleased": reader(CellReleased, on_cell_released),
}
