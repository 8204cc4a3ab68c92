"""What definitions may name: the declared indicators, qualities of outcomes, stages and thresholds. Fields of commands name these rules.

A fault is written under the place where it is: `outcome_classes.CDl`, `indicators.3`, `thresholds.small_cell`.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Any

from msgspec import Meta, Struct

from services.reporting.coded_values import OutcomeQuality
from services.reporting.facts.decisions import SCORES
from services.reporting.indicators.catalogue import INDICATORS
from shared.field_rules import RULE, Circumstances, FieldFault, Rules

QUALITY = "([A-Z_]+)(?:>=([1-9][0-9]?))?"
WITH_DURATION = frozenset({"CDI", "CDD", "INTERIM", "ALTERNANCE", "TITULARISATION", "CONTRAT_AIDE", "SIAE"})
"""The qualities of a job: only a job says how many months it lasts."""
COUNTED_STAGES = ("redirection",)


class Threshold(Struct, frozen=True):
    """The values that a threshold may have. One that is not `required` may be left out."""

    least: int
    most: int
    required: bool = True


THRESHOLDS: Mapping[str, Threshold] = {
    "small_cell": Threshold(5, 100),  # people: committees see no smaller number
    "rate_floor": Threshold(20, 1_000),  # people: committees see no rate over fewer
    "public": Threshold(11, 1_000, required=False),  # people: nothing smaller is published openly
    "late_days": Threshold(1, 365),
    "outcome_days": Threshold(1, 730, required=False),  # after an exit: a later outcome no longer counts for it
}

IndicatorId = Annotated[str, Meta(max_length=60, extra={RULE: "indicator"})]
"""A declared indicator."""

TargetedIndicator = Annotated[str, Meta(max_length=60, extra={RULE: "targeted_indicator"})]
"""A declared indicator that can aim at a percentage."""


def indicator(value: str, fact: Circumstances) -> Iterator[FieldFault]:
    if value not in INDICATORS:
        yield "", "Ce n’est pas un indicateur déclaré."


def targeted_indicator(value: str, fact: Circumstances) -> Iterator[FieldFault]:
    declared = INDICATORS.get(value)
    if declared is None:
        yield "", "Ce n’est pas un indicateur déclaré."
    elif declared.measure not in {"rate", "gap"}:
        yield "", "Un objectif est un pourcentage : cet indicateur n’est pas un taux."


def indicators(value: list[str], fact: Circumstances) -> Iterator[FieldFault]:
    if not value:
        yield "", "Au moins un indicateur est attendu."
    for number, name in enumerate(value):
        if name in value[:number]:
            yield str(number), "Cet indicateur est déjà dans la liste."


def outcome_classes(value: Mapping[str, Any], fact: Circumstances) -> Iterator[FieldFault]:
    """Every quality has a class, and a longer job never has a lesser one: the best rule that applies is the longest."""
    for quality in value:
        if fault := quality_fault(quality):
            yield quality, fault
    if missing := [quality.value for quality in OutcomeQuality if quality.value not in value]:
        yield "", f"Il manque la classe de : {', '.join(missing)}."
    yield from lesser_classes({quality: code for quality, code in value.items() if not quality_fault(quality)})


def quality_fault(quality: str) -> str | None:
    match = re.fullmatch(QUALITY, quality)
    if match is None:
        return "Une qualité s’écrit CDI, ou CDD>=6 pour une durée en mois."
    if match[1] not in {known.value for known in OutcomeQuality}:
        return "Cette qualité d’issue n’existe pas."
    return "Seul un emploi a une durée en mois." if match[2] and match[1] not in WITH_DURATION else None


def lesser_classes(value: Mapping[str, Any]) -> Iterator[FieldFault]:
    rules = sorted((*quality_of(quality), quality) for quality in value)
    for (name, _, shorter), (longer_name, _, longer) in pairwise(rules):
        if name == longer_name and SCORES.get(value[longer], 0) < SCORES.get(value[shorter], 0):
            yield longer, "Un emploi plus long n’a pas une classe moindre."


def quality_of(quality: str) -> tuple[str, int]:
    """The quality and the least number of months of a rule."""
    name, _, months = quality.partition(">=")
    return name, int(months or 0)


def counted_stages(value: Mapping[str, Any], fact: Circumstances) -> Iterator[FieldFault]:
    yield from unknown(value, COUNTED_STAGES, "Aucun chiffre ne dépend de cette étape.")
    if missing := [name for name in COUNTED_STAGES if name not in value]:
        yield "", f"Il manque : {', '.join(missing)}."


def thresholds(value: Mapping[str, int], fact: Circumstances) -> Iterator[FieldFault]:
    yield from unknown(value, THRESHOLDS, "Ce seuil n’existe pas.")
    if missing := [name for name, threshold in THRESHOLDS.items() if threshold.required and name not in value]:
        yield "", f"Il manque : {', '.join(missing)}."
    for name, threshold in THRESHOLDS.items():
        if name in value and not threshold.least <= value[name] <= threshold.most:
            yield name, f"Entre {threshold.least} et {threshold.most}."


def unknown(value: Mapping[str, Any], known: Collection[str], text: str) -> Iterator[FieldFault]:
    yield from ((name, text) for name in value if name not in known)


RULES: Rules = {
    "indicator": indicator,
    "targeted_indicator": targeted_indicator,
    "indicators": indicators,
    "outcome_classes": outcome_classes,
    "counted_stages": counted_stages,
    "thresholds": thresholds,
}
