"""The printed definition of an indicator: every word and number that a version of the definitions decides is made from it.

The text of an indicator is a template: `{positive}` is filled with the outcomes that are positive under the definitions, and so on. What is
in no template is the same under every version.
"""

from collections.abc import Iterator, Mapping

from services.reporting.coded_values import OutcomeQuality
from services.reporting.facts.decisions import DefinitionsPublished
from services.reporting.indicators.model import Indicator
from services.vocabulary.french_format import SPACE, plural

REDIRECTED: Mapping[str, str] = {
    "SENT": "a été envoyée",
    "ACCEPTED": "a été acceptée par le partenaire",
    "COMPLETED": "a été menée à son terme",
}
OUTCOME_DAYS = 213  # the follow-up after 6 months and its window
NOTHING = "aucune issue"


def printed_definition(indicator: Indicator, definitions: DefinitionsPublished) -> str:
    """The definition of an indicator under a version of the definitions, in French."""
    return indicator.definition.format_map(phrases(definitions))


def phrases(definitions: DefinitionsPublished) -> dict[str, str]:
    """What the templates are filled with."""
    return {
        "positive": outcomes_of(definitions, "POSITIVE"),
        "dynamic": outcomes_of(definitions, "DYNAMIC"),
        "redirection": REDIRECTED[counted_stage(definitions)],
        "outcome_days": plural(outcome_days(definitions), "jour"),
        "late_days": plural(definitions.thresholds["late_days"], "jour"),
    }


def counted_stage(definitions: DefinitionsPublished) -> str:
    """The stage at which a referral counts as a redirection."""
    return definitions.counted_stages.get("redirection", "SENT")


def outcome_days(definitions: DefinitionsPublished) -> int:
    """For how long after an exit an outcome still counts for it; if the definitions say nothing, until the window of M6 closes."""
    return definitions.thresholds.get("outcome_days", OUTCOME_DAYS)


def outcomes_of(definitions: DefinitionsPublished, outcome_class: str) -> str:
    """The outcomes of a class: « CDI, CDD de 6 mois ou plus, formation qualifiante »."""
    rules: dict[str, list[tuple[int, str]]] = {}
    for rule, name in definitions.outcome_classes.items():
        quality, _, months = rule.partition(">=")
        rules.setdefault(quality, []).append((int(months or 0), name))
    named = [text for quality, listed in rules.items() for text in durations(quality, sorted(listed), outcome_class)]
    return ", ".join(named) or NOTHING


def durations(quality: str, rules: list[tuple[int, str]], outcome_class: str) -> Iterator[str]:
    """For which durations a quality has the class: of the rules that apply to a duration, the one of the most months decides."""
    starts = sorted({0, *(months for months, _ in rules)})
    best = {start: max((rule for rule in rules if rule[0] <= start), default=(0, "OTHER"))[1] for start in starts}
    starts = [start for start in starts if start == 0 or best[start] != best[starts[starts.index(start) - 1]]]
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        if best[start] == outcome_class:
            yield label_of(quality) + duration(start, end)


def label_of(quality: str) -> str:
    return next((known.label for known in OutcomeQuality if known.value == quality), quality)


def duration(start: int, end: int | None) -> str:
    """« de moins de 6 mois », « de 3 à 5 mois », « de 6 mois ou plus »; nothing for any duration."""
    if end is None:
        return f" de {start}{SPACE}mois ou plus" if start else ""
    return f" de {start} à {end - 1}{SPACE}mois" if start else f" de moins de {end}{SPACE}mois"
