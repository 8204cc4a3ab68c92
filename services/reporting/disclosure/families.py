"""Which counts are related: the same people under several indicators, and the parts of one total.

A *count* is what one or several sides of indicators count; it has a name. A *family* divides a total into parts that exclude each other:
some are shown, alone or added, the last may be the rest. A *cluster* is a total with all its families: nothing relates two clusters.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

from services.reporting.indicators.model import Indicator

Kind = Literal["cumulative", "flow", "stock"]
"""Counted since the start; counted in the quarter, and over twelve months; or counted on the last day."""

SHARED_COUNTS = {
    ("people_met", "numerator"): "met",
    ("invisible_share", "denominator"): "met",
    ("redirection_rate", "denominator"): "met",
    ("positive_rate", "numerator"): "positive",
    ("positive_target", "numerator"): "positive",
    ("dynamic_rate", "numerator"): "dynamic",
    ("progress_rate", "numerator"): "progress",
    **{(name, "denominator"): "cohort" for name in ("positive_rate", "positive_target", "dynamic_rate", "progress_rate")},
    ("follow_up_m3", "numerator"): "m3_reached",
    ("follow_up_m3_in_outcome", "denominator"): "m3_reached",
    ("follow_up_m6", "numerator"): "m6_reached",
    ("follow_up_m6_in_outcome", "denominator"): "m6_reached",
    ("partner_acceptance", "denominator"): "partner_answered",
    ("partner_delay", "numerator"): "partner_answered",
    ("orientations_received", "numerator"): "orientations",
    ("orientations_accepted", "denominator"): "orientations",
    ("survey_response_rate", "numerator"): "answers",
    ("survey_rating", "numerator"): "answers",
    **{(f"survey_{name}", "denominator"): "answers" for name in ("satisfied", "wellbeing", "continuation", "domain_effect")},
}
STOCKS = frozenset({"journeys_open.numerator"})
INCREMENTS = {"people_met_in_quarter": "met"}  # indicators that are the increments of a cumulative count

# The parts of a total, beyond the numerator and the rest of a single rate: for each shown count, its parts.
PARTS: dict[str, tuple[dict[str, frozenset[int]], ...]] = {
    "met": ({"invisible_share.numerator": frozenset({0}), "radar_unknown.numerator": frozenset({1}), "rest": frozenset({2})},),
    "cohort": ({"positive": frozenset({0}), "dynamic": frozenset({1}), "progress": frozenset({0, 1}), "rest": frozenset({2})},),
    "survey_response_rate.denominator": tuple(
        {f"survey_{name}.numerator": frozenset({0}), "answers": frozenset({0, 1}), "rest": frozenset({2})}
        for name in ("satisfied", "wellbeing", "continuation", "domain_effect")
    ),
    "follow_up_m3.denominator": (
        {"follow_up_m3_in_outcome.numerator": frozenset({0}), "m3_reached": frozenset({0, 1}), "rest": frozenset({2})},
    ),
    "follow_up_m6.denominator": (
        {"follow_up_m6_in_outcome.numerator": frozenset({0}), "m6_reached": frozenset({0, 1}), "rest": frozenset({2})},
    ),
}


class Family(Struct, frozen=True):
    """Counts that are sums of parts of one total: for each its parts, by number of part."""

    parts: int
    counts: tuple[tuple[str, frozenset[int]], ...]


class Cluster(Struct, frozen=True):
    """`rated` are the counts that are shown as the numerator of a rate of `total`."""

    total: str
    kind: Kind
    families: tuple[Family, ...]

    @property
    def counts(self) -> list[str]:
        return [self.total, *(name for family in self.families for name, _ in family.counts)]


def count_name(indicator: str, side: str) -> str:
    return SHARED_COUNTS.get((indicator, side), f"{indicator}.{side}")


def clusters(indicators: Iterable[Indicator]) -> list[Cluster]:
    """The clusters of what is shown masked. Increments, and a median of a count that is not shown, have none of their own."""
    totals: dict[str, tuple[Kind, set[str]]] = {}
    parts_elsewhere = {name for families in PARTS.values() for family in families for name in family}
    for indicator in indicators:
        if indicator.internal or indicator.id in INCREMENTS:
            continue
        numerator = count_name(indicator.id, "numerator")
        total = numerator if indicator.denominator is None else count_name(indicator.id, "denominator")
        if indicator.denominator is None and total in parts_elsewhere:
            continue
        if total in parts_elsewhere:
            continue  # a part of a total that another indicator shows
        kind: Kind = "stock" if total in STOCKS else "cumulative" if indicator.cumulative else "flow"
        totals.setdefault(total, (kind, set()))
        if numerator != total:
            totals[total][1].add(numerator)
    return [cluster(total, kind, numerators) for total, (kind, numerators) in totals.items()]


def cluster(total: str, kind: Kind, numerators: Iterable[str]) -> Cluster:
    declared = PARTS.get(total, ())
    named = {name for family in declared for name in family}
    families = [Family(1 + max(max(parts) for parts in family.values()), shown_counts(family)) for family in declared]
    families += [Family(2, ((name, frozenset({0})),)) for name in sorted(numerators) if name not in named]
    return Cluster(total, kind, tuple(families))


def shown_counts(family: Mapping[str, frozenset[int]]) -> tuple[tuple[str, frozenset[int]], ...]:
    return tuple((name, parts) for name, parts in family.items() if name != "rest")
