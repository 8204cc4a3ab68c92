"""What an attacker knows of the programme's figures from the published definitions, and what it gathers from cells.

Written from the domain, not from the product's own declarations: a relation that the product forgets is one that this attacker uses.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from tests.unit.reporting.attacker import Attacker, Cell, Interval, Knowledge, Term

SMALL = 5
INFINITE = float("inf")

# The counts of each indicator: numerator, and denominator of a rate.
SIDES = {
    "people_met": ("met",),
    "invisible_share": ("invisible", "met"),
    "radar_unknown": ("unknown",),
    "redirection_rate": ("redirected", "met"),
    "orientations_received": ("received",),
    "orientations_accepted": ("accepted", "received"),
    "positive_rate": ("positive", "cohort"),
    "dynamic_rate": ("dynamic", "cohort"),
    "progress_rate": ("progress", "cohort"),
    "positive_rate_on_exits": ("positive exits", "exits"),
    "businesses_created": ("businesses",),
    "journeys_open": ("open",),
    "interviews": ("interviews",),
    "barriers_lifted": ("lifted", "barriers"),
    "workshop_attendance": ("attended", "seats"),
    "follow_up_m3": ("reached m3", "due m3"),
    "follow_up_m3_in_outcome": ("kept m3", "reached m3"),
    "follow_up_m6": ("reached m6", "due m6"),
    "follow_up_m6_in_outcome": ("kept m6", "reached m6"),
    "partner_answers": ("answered in time", "due"),
    "partner_acceptance": ("accepted by partner", "answered"),
    "survey_response_rate": ("answers", "tickets"),
    "survey_satisfied": ("satisfied", "answers"),
    "survey_wellbeing": ("wellbeing", "answers"),
    "survey_continuation": ("continuation", "answers"),
    "survey_domain_effect": ("effect", "answers"),
}
# Each total, and the parts that exclude each other; `…` are people whom no figure shows.
SUMS = (
    ("met", ("invisible", "unknown", "followed …")),
    ("met", ("redirected", "stayed …")),
    ("received", ("accepted", "not accepted …")),
    ("cohort", ("progress", "no progress …")),
    ("progress", ("positive", "dynamic")),
    ("exits", ("positive exits", "other exits …")),
    ("barriers", ("lifted", "remaining …")),
    ("seats", ("attended", "missed …")),
    ("due m3", ("reached m3", "unreached m3 …")),
    ("reached m3", ("kept m3", "lost m3 …")),
    ("due m6", ("reached m6", "unreached m6 …")),
    ("reached m6", ("kept m6", "lost m6 …")),
    ("due", ("answered in time", "unanswered …")),
    ("answered", ("accepted by partner", "declined …")),
    ("tickets", ("answers", "unanswered tickets …")),
    *(("answers", (quality, f"not {quality} …")) for quality in ("satisfied", "wellbeing", "continuation", "effect")),
)
# Counts that repeat others in another form, unless somebody is renewed, neutralised or transferred: see `repetitions`.
REPEATED = (("positive", ("positive exits",)), ("due m3", ("due m6",)), ("cohort", ("open", "exits")))
CUMULATIVE = {"met", "invisible", "unknown", "redirected", "cohort", "positive", "dynamic", "progress", "businesses"} | {
    *("barriers", "lifted", "tickets", "answers", "satisfied", "wellbeing", "continuation", "effect")
}


class Secret(Struct, frozen=True):
    """A number of a few people, as a sum of counts."""

    terms: tuple[Term, ...]
    value: int


def intervals(indicator: str, cell: Mapping[str, Any]) -> Iterable[tuple[str, Interval]]:
    """What a cell in JSON tells of the counts of its indicator."""
    names = SIDES.get(indicator, ())
    if "percent" in cell:
        ends = [(cell["numerator"],) * 2, (cell["denominator"],) * 2]
    elif "least" in cell:
        ends = [(cell["least"], cell["most"]), (cell["of_least"], cell["of_most"])]
    elif isinstance(cell.get("value"), int) and len(names) == 1:
        ends = [(cell["value"],) * 2]
    else:
        ends = []
    return [(name, (low, high)) for name, (low, high) in zip(names, ends, strict=False) if low is not None]


def narrowed(shown: dict[Cell, Interval], cell: Cell, interval: Interval) -> None:
    low, high = shown.get(cell, (0, INFINITE))
    shown[cell] = (max(low, interval[0]), min(high, interval[1]))


def secrets(truth: Mapping[Cell, int], rows: int, quarters: int) -> Iterable[Secret]:
    """Every number of 1 to 4 people: of a count, of its rest, and of what a cumulative count gained in a quarter."""
    for name in dict.fromkeys(name for name, *_ in truth):
        totals = [total for total, parts in SUMS if name in parts and total in {other for other, *_ in truth}]
        for row in range(rows):
            for quarter in range(quarters):
                here = (name, row, quarter)
                sums: list[tuple[Term, ...]] = [((here, 1),)]
                sums += [(((total, row, quarter), 1), (here, -1)) for total in totals]
                sums += [((here, 1), ((name, row, quarter - 1), -1))] if name in CUMULATIVE and quarter else []
                for terms in sums:
                    value = sum(truth[cell] * factor for cell, factor in terms)
                    if 0 < abs(value) < SMALL:
                        yield Secret(terms, value)


def secrets_of_years(truth: Mapping[Cell, int], years: Iterable[tuple[Cell, ...]]) -> Iterable[Secret]:
    for cells in years:
        value = sum(truth[cell] for cell in cells)
        if 0 < value < SMALL:
            yield Secret(tuple((cell, 1) for cell in cells), value)


def related(truth: Mapping[Cell, int]) -> list[set[str]]:
    """The counts that relations connect, set by set: the attacker attacks each alone, which loses nothing."""
    groups = [{name} for name in dict.fromkeys(name for name, *_ in truth)]
    for total, parts in (*SUMS, *REPEATED):
        touched = [group for group in groups if group & {total, *parts}]
        groups = [group for group in groups if group not in touched] + ([set.union(*touched)] if touched else [])
    return groups


def found_out(
    truth: Mapping[Cell, int], shown: Mapping[Cell, Interval], years: Mapping[tuple[Cell, ...], Interval], rows: int, quarters: int
) -> tuple[list[str], int]:
    """The numbers of a few people that the attacker knows better than as one of four, and how many it tried.

    `years` are the sums of a count over several quarters that are shown.
    """
    pinned, tried = [], 0
    for group in related(truth):
        mine = {cell: number for cell, number in truth.items() if cell[0] in group}
        growing = {name for name in group & CUMULATIVE if grows(mine, name, rows, quarters)}
        sums = [(total, parts) for total, parts in SUMS if total in group]
        known = {cell: interval for cell, interval in shown.items() if cell[0] in group}
        mine_of_years = {cells: interval for cells, interval in years.items() if cells[0][0] in group}
        sums_of_years = [([(cell, 1) for cell in cells], interval) for cells, interval in mine_of_years.items()]
        repeated = [(list(terms), (0.0, 0.0)) for terms in repetitions(mine, rows, quarters)]
        attacker = Attacker(Knowledge(rows, quarters, known, sums, frozenset(growing), [*sums_of_years, *repeated]))
        for secret in [*secrets(mine, rows, quarters), *secrets_of_years(mine, mine_of_years)]:
            tried += 1
            low, high = attacker.interval(secret.terms)
            if high - low < SMALL - 2:
                pinned.append(f"{secret.terms} is {secret.value}, found out as {low:g} to {high:g}")
    return pinned, tried


def repetitions(truth: Mapping[Cell, int], rows: int, quarters: int) -> Iterable[tuple[Term, ...]]:
    """Sums that are 0 as long as nobody is renewed, neutralised or transferred. The attacker is given each that is true."""
    names = {name for name, *_ in truth}
    for row in range(rows):
        for quarter in range(quarters):
            sums: list[tuple[Term, ...]] = []
            if names >= {"positive exits", "positive"}:
                before = [(("positive", row, quarter - 1), 1)] if quarter else []
                sums.append(((("positive exits", row, quarter), 1), (("positive", row, quarter), -1), *before))
            if names >= {"due m3", "due m6"} and quarter:
                sums.append(((("due m6", row, quarter), 1), (("due m3", row, quarter - 1), -1)))
            if names >= {"cohort", "open", "exits"}:
                left = [(("exits", row, until), 1) for until in range(quarter + 1)]
                sums.append(((("cohort", row, quarter), -1), (("open", row, quarter), 1), *left))
            yield from (terms for terms in sums if sum(truth[cell] * factor for cell, factor in terms) == 0)


def grows(truth: Mapping[Cell, int], name: str, rows: int, quarters: int) -> bool:
    """The attacker assumes that cumulative counts do not fall; where they did, it would be misled, so it is not given that."""
    return all(truth[name, row, quarter] >= truth[name, row, quarter - 1] for row in range(rows) for quarter in range(1, quarters))
