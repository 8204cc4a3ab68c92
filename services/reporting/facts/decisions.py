"""Facts that this service's own events tell: definitions, targets, releases."""

import msgspec
from msgspec import Struct

from services.reporting.facts.change import Change, EventContext, Reader, reader

SCORES = {"POSITIVE": 2, "DYNAMIC": 1, "OTHER": 0}
PROGRAMME = "all"


class DefinitionsPublished(Struct):
    version: int
    outcome_classes: dict[str, str]
    counted_stages: dict[str, str]
    thresholds: dict[str, int]
    indicators: list[str]
    on: str


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


def published(event: DefinitionsPublished, at: EventContext) -> list[Change]:
    body = msgspec.json.encode(event).decode()
    return [Change("definitions", (event.version,), {"on": event.on, "body": body}), *classes(event)]


def classes(event: DefinitionsPublished) -> list[Change]:
    return [
        Change("outcome_class", (event.version, name, int(months or 0)), {"class": given, "score": SCORES[given]})
        for quality, given in event.outcome_classes.items()
        for name, _, months in [quality.partition(">=")]
    ]


def target(event: TargetSet, at: EventContext) -> list[Change]:
    return [Change("target", (event.indicator, event.for_territory or PROGRAMME, event.from_quarter), {"value": event.value})]


def released(event: CellReleased, at: EventContext) -> list[Change]:
    cell = (event.indicator, event.quarter, event.of_territory)
    return [Change("release", cell, {"authority": event.authority, "on": event.on})]


READERS: dict[str, Reader] = {
    "reporting.DefinitionsPublished": reader(DefinitionsPublished, published),
    "reporting.TargetSet": reader(TargetSet, target),
    "reporting.CellReleased": reader(CellReleased, released),
}
