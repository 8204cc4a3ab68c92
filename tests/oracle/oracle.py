"""An oracle of the figures: a second, naive count of the exported history, to compare the product's with.

It reads what `parcours history` prints, one CloudEvent a line (facts.py beside it does), and counts every indicator in plain Python, one
quarter after the other. It is written from the rules of the domain and from the printed definitions. It imports nothing of the product and
shares nothing with it: an error must be made twice to go unseen. Where the rules leave a choice, a comment beginning with "Rule" says what
was chosen.

    figures(events, territories, quarters) -> {(indicator, territory, quarter): cell}

A cell is the object that `parcours indicators --json` prints for an indicator.
"""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from tests.oracle.cells import Cell, gap, median_delay, nearest, rate
from tests.oracle.facts import Fact, exits, facts_as_of, merges, withdrawn_attendances

PROGRAMME = "all"
CLASSES = ("POSITIVE", "DYNAMIC", "OTHER")  # of an exit, the best first
OUTCOME_DAYS = 213  # after an exit, if the definitions say nothing: until the window of the follow-up after 6 months closes
STAGES = {"SENT": "ReferralSent", "ACCEPTED": "ReferralAccepted", "COMPLETED": "ReferralCompleted"}
QUALITIES = {  # what the definitions call an outcome that is neither a contract nor a training
    "BusinessCreated": "CREATION",
    "SchoolResumed": "SCOLARITE",
    "CivicServiceStarted": "SERVICE_CIVIQUE",
    "IntensiveSchemeEntered": "DISPOSITIF_INTENSIF",
}
OUTCOMES = ("JobFound", "TrainingEntered", *QUALITIES)

Figures = dict[tuple[str, str, str], Cell]  # by indicator, territory and quarter


def quarter_days(quarter: str) -> tuple[date, date]:
    """The first and the last day of `2024-Q2`."""
    year, number = int(quarter[:4]), int(quarter[-1])
    return date(year, number * 3 - 2, 1), date(year + number // 4, number % 4 * 3 + 1, 1) - timedelta(days=1)


def figures(
    events: Iterable[dict[str, Any]], territories: list[str], quarters: Iterable[str], version: int | None = None, as_of: int | None = None
) -> Figures:
    """Every indicator in every cell, as of a position, under a version of the definitions: by default the one in force in the quarter."""
    facts = facts_as_of(events, as_of)
    published = [fact for fact in facts if fact["name"] == "DefinitionsPublished"]
    counted: Figures = {}
    for quarter in quarters:
        in_force = [fact for fact in published if (fact.get("from_quarter") or "") <= quarter]
        asked = in_force or published[:1] if version is None else [fact for fact in published if fact["version"] == version]
        count = Quarter(facts, asked[-1], quarter)
        for territory in [*territories, PROGRAMME]:
            cells = count.cells(territory)
            counted |= {(name, territory, quarter): cells[name] for name in asked[-1]["indicators"]}
    return counted


class Quarter:
    """What counts in one quarter: lists of facts for the whole programme; the part of a territory are the facts that count `in` it."""

    def __init__(self, facts: list[Fact], definitions: Fact, quarter: str) -> None:
        self.facts, self.definitions, self.quarter = facts, definitions, quarter
        self.first, self.last = quarter_days(quarter)
        self.kept = merges(facts)
        self.exits = {key: exit for key, exit in exits(facts).items() if exit["exit_on"] <= self.last}
        # A later statement of an outcome replaces the earlier one, from its own day on.
        self.outcomes = list({(fact["person"], fact["outcome"]): fact for fact in self.stated(*OUTCOMES)}.values())

    def named(self, *names: str) -> list[Fact]:
        return [fact for fact in self.facts if fact["name"] in names]

    def stated(self, *names: str) -> list[Fact]:
        """The facts up to the last day of the quarter, in the order of the log."""
        return [fact for fact in self.named(*names) if fact["on"] <= self.last]

    def until(self, *names: str) -> list[Fact]:
        """The facts with these names up to the last day of the quarter, by day, then in the order of the log."""
        return sorted((fact for fact in self.named(*names) if fact["on"] <= self.last), key=lambda fact: (fact["on"], fact["at"]))

    def within(self, day: date) -> bool:
        return self.first <= day <= self.last

    def of_quarter(self, *names: str) -> list[Fact]:
        return [fact for fact in self.named(*names) if self.within(fact["on"])]

    def person(self, fact: Fact) -> str:
        """The person of a fact: merged records are one person."""
        record = str(fact["person"])
        for _ in self.kept:
            record = self.kept.get(record, record)
        return record

    def firsts(self, facts: list[Fact]) -> list[Fact]:
        """The first of these facts of each person, which says in which territory the person counts."""
        first: dict[str, Fact] = {}
        for fact in facts:
            first.setdefault(self.person(fact), fact)
        return list(first.values())

    @cached_property
    def redirected(self) -> list[Fact]:
        """The people met who have a referral that reached the counted stage and is not withdrawn."""
        reached = self.until(STAGES[self.definitions["counted_stages"].get("redirection", "SENT")])
        withdrawn = [fact["referral"] for fact in self.until("ReferralWithdrawn")]
        people = {self.person(fact) for fact in reached if fact["referral"] not in withdrawn}
        return [fact for fact in self.met if self.person(fact) in people]

    @cached_property
    def met(self) -> list[Fact]:
        return self.firsts(self.until("PersonIdentified"))

    @cached_property
    def orientations(self) -> list[Fact]:
        """Those received, each with its answer."""
        answers = {fact["orientation"]: fact for fact in self.until("OrientationAccepted", "OrientationDeclined")}
        return [fact | {"answer": answers.get(fact["orientation"])} for fact in self.until("OrientationReceived")]

    @cached_property
    def referrals(self) -> list[Fact]:
        """Those sent, each with its answer, and whether it was withdrawn."""
        answers = {fact["referral"]: fact for fact in self.until("ReferralAccepted", "ReferralDeclined")}
        withdrawn = [fact["referral"] for fact in self.until("ReferralWithdrawn")]
        sent = [(fact, fact["referral"]) for fact in self.until("ReferralSent")]
        return [fact | {"answer": answers.get(key), "withdrawn": key in withdrawn} for fact, key in sent]

    @cached_property
    def cohort(self) -> list[Fact]:
        """The people with an opened journey that is not neutralised, where their first journey opened."""
        # Rule: the first journey of all, even if it was neutralised and another one was not.
        openings = self.until("JourneyOpened")
        neutral = [key for key, exit in self.exits.items() if exit["neutralised"]]
        people = {self.person(fact) for fact in openings if fact["journey"] not in neutral}
        return [fact for fact in self.firsts(openings) if self.person(fact) in people]

    @cached_property
    def best_class(self) -> dict[str, str]:
        """The class of the best exit of each person."""
        found = [(self.person(exit), self.class_of(exit)) for exit in self.exits.values() if not exit["neutralised"]]
        return {person: min((of for who, of in found if who == person), key=CLASSES.index) for person, _ in found}

    def class_of(self, exit: Fact) -> str:
        """The class of the best outcome that an exit names, or that came after it in the same journey."""
        limit = exit["exit_on"] + timedelta(days=self.definitions["thresholds"].get("outcome_days", OUTCOME_DAYS))
        known = [fact for fact in self.outcomes if fact["person"] == exit["person"] and fact["on"] <= limit]
        later = [fact for fact in known if fact["journey"] == exit["journey"] and fact["on"] > exit["exit_on"]]
        named = [fact for fact in known if fact["outcome"] in exit["outcomes"]]
        classes = [self.class_of_outcome(fact) for fact in (*named, *later)]
        return min(classes, key=CLASSES.index, default="OTHER")

    def class_of_outcome(self, outcome: Fact) -> str:
        """The definitions name a quality, or a quality from a number of months on: the longest that is reached decides."""
        training = f"FORMATION_{outcome['kind']}" if outcome["name"] == "TrainingEntered" else ""
        quality = QUALITIES.get(outcome["name"]) or training or outcome["contract"]
        classes, best = self.definitions["outcome_classes"], -1
        found = classes.get(quality, "OTHER")
        for key, value in classes.items():
            name, _, months = key.partition(">=")
            if name == quality and months and best < int(months) <= (outcome.get("months") or 0):
                best, found = int(months), value
        return str(found)

    def best(self, *classes: str) -> list[Fact]:
        return [fact for fact in self.cohort if self.best_class.get(self.person(fact)) in classes]

    @cached_property
    def open_journeys(self) -> list[Fact]:
        """The people whose journey is open on the last day, where it is followed then."""
        moved = {fact["journey"]: fact["to_territory"] for fact in self.named("JourneyTransferred") if fact["on"] <= self.last}
        still_open = [fact for fact in self.until("JourneyOpened") if fact["journey"] not in self.exits]
        return self.firsts([fact | {"in": moved.get(fact["journey"], fact["in"])} for fact in reversed(still_open)])

    @cached_property
    def barriers(self) -> list[Fact]:
        """Every time that a barrier was identified, and whether it was then lifted."""
        spells: dict[int, Fact] = {}
        current: dict[tuple[str, int, str], Fact] = {}
        for fact in self.named("BarrierIdentified", "BarrierLifted"):
            key = (*fact["journey"], fact["thematique"])
            if fact["name"] == "BarrierIdentified":
                current[key] = spells[fact["at"]] = fact | {"lifted": False}
            elif key in current:
                current.pop(key)["lifted"] = fact["on"] <= self.last
        return [spell for spell in spells.values() if spell["on"] <= self.last]

    def follow_ups(self, milestone: str) -> list[Fact]:
        """Those whose window closes in the quarter, where the exit was, each with its answer.

        None is due of a neutralised exit. A later schedule replaces the earlier, and one that is cancelled is not due; but a renewal that
        opened when it was due already did not cancel it, whatever the event says.
        """
        due: dict[tuple[str, int], Fact] = {}
        for fact in self.named("FollowUpScheduled", "FollowUpCancelled"):
            if fact["milestone"] == milestone and fact["name"] == "FollowUpScheduled":
                due[fact["journey"]] = fact | {"cancelled": None}
            elif fact["milestone"] == milestone and fact["journey"] in due:
                due[fact["journey"]]["cancelled"] = fact["on"]
        answers = {fact["journey"]: fact for fact in self.until("FollowUpCompleted") if fact["milestone"] == milestone}
        renewed = {(fact["person"], fact["rank"] - 1): fact["on"] for fact in self.named("JourneyOpened")}
        closing = [(key, fact) for key, fact in due.items() if self.within(fact["window_end"]) and key in self.exits]
        return [
            fact | {"in": self.exits[key]["in"], "answer": answers.get(key)}
            for key, fact in closing
            if not self.exits[key]["neutralised"] and (fact["cancelled"] is None or renewed.get(key) == fact["cancelled"] >= fact["due_on"])
        ]

    @cached_property
    def counts(self) -> dict[str, list[Fact]]:
        limit = self.last + timedelta(days=self.definitions["thresholds"]["late_days"])
        return {
            "people_met": self.met,
            "people_met_in_quarter": [fact for fact in self.met if self.within(fact["on"])],
            "radar_unknown": [fact for fact in self.met if fact["radar"] == "INCONNU"],
            "orientations_received": [fact for fact in self.orientations if self.within(fact["on"])],
            "businesses_created": [fact for fact in self.outcomes if fact["name"] == "BusinessCreated"],
            "journeys_open": self.open_journeys,
            "interviews": self.of_quarter("InterviewHeld"),
            "late_facts": [
                fact for fact in self.facts if self.within(fact["happened"]) and fact["recorded"] > limit and fact["in"] != PROGRAMME
            ],
        }

    @cached_property
    def rates(self) -> dict[str, tuple[list[Fact], list[Fact]]]:
        """The numerator and the denominator of each rate: a condition selects the former within the latter."""

        def among(facts: list[Fact], condition: Callable[[Fact], Any]) -> tuple[list[Fact], list[Fact]]:
            return [fact for fact in facts if condition(fact)], facts

        exits = [exit for exit in self.exits.values() if self.within(exit["exit_on"]) and not exit["neutralised"]]
        withdrawn = withdrawn_attendances(self.facts)
        attended = [fact for fact in self.of_quarter("WorkshopAttended", "WorkshopMissed") if fact["at"] not in withdrawn]
        came_or_missed = [fact for fact in attended if not fact.get("excused")]
        sent = [
            fact for fact in self.referrals if self.within(fact["on"] + timedelta(days=30)) and (fact["answer"] or not fact["withdrawn"])
        ]
        answers = self.until("SurveyAnswered")
        rates = {
            "invisible_share": among(self.met, lambda fact: fact["radar"] in ("NON_INSCRIT", "SANS_CONTACT_5_MOIS")),
            "redirection_rate": (self.redirected, self.met),
            "orientations_accepted": among(self.counts["orientations_received"], lambda fact: answer(fact) == "OrientationAccepted"),
            "positive_rate": (self.best("POSITIVE"), self.cohort),
            "dynamic_rate": (self.best("DYNAMIC"), self.cohort),
            "progress_rate": (self.best("POSITIVE", "DYNAMIC"), self.cohort),
            "positive_rate_on_exits": among(exits, lambda exit: self.class_of(exit) == "POSITIVE"),
            "barriers_lifted": among(self.barriers, lambda fact: fact["lifted"]),
            "workshop_attendance": among(came_or_missed, lambda fact: fact["name"] == "WorkshopAttended"),
            "partner_answers": among(sent, answer),
            "partner_acceptance": among(self.answered(self.referrals), lambda fact: answer(fact) == "ReferralAccepted"),
            "survey_satisfied": among(answers, lambda fact: fact["satisfied"]),
            "survey_wellbeing": among(answers, lambda fact: fact["wellbeing"]),
            "survey_continuation": among(answers, lambda fact: fact["wants_continuation"]),
            "survey_domain_effect": among(answers, lambda fact: fact["domains"]),
            "survey_response_rate": ([fact for fact in answers if fact.get("moment")], self.until("SurveyTicketIssued")),
        }
        for milestone in ("M3", "M6"):
            name, (reached, due) = f"follow_up_{milestone.lower()}", among(self.follow_ups(milestone), answer)
            rates |= {name: (reached, due), f"{name}_in_outcome": among(reached, lambda fact: fact["answer"]["still_in_outcome"])}
        return rates

    def answered(self, facts: list[Fact]) -> list[Fact]:
        return [fact for fact in facts if answer(fact) and self.within(fact["answer"]["on"])]

    def cells(self, territory: str) -> dict[str, Cell]:
        def here(facts: list[Fact]) -> list[Fact]:
            return [fact for fact in facts if territory in (fact["in"], PROGRAMME)]

        cells: dict[str, Cell] = {name: {"value": len(here(facts))} for name, facts in self.counts.items()}
        cells |= {name: rate(len(here(numerator)), len(here(denominator))) for name, (numerator, denominator) in self.rates.items()}
        cells["positive_target"] = gap(len(here(self.best("POSITIVE"))), len(here(self.cohort)), self.target(territory))
        cells["orientation_delay"] = {"value": median_delay(here(self.answered(self.orientations)))}
        cells["partner_delay"] = {"value": median_delay(here(self.answered(self.referrals)))}
        ratings = [fact["rating"] for fact in here(self.until("SurveyAnswered"))]
        return cells | {"survey_rating": {"value": nearest(10 * sum(ratings), len(ratings)) / 10 if ratings else None}}

    def target(self, territory: str) -> int | None:
        """The target in force: the territory's own, or else the programme's; the one set from the latest quarter up to this one."""
        targets = [fact for fact in self.named("TargetSet") if fact["indicator"] in ("positive_rate", "positive_target")]
        for of in (territory, None):
            values = {fact["from_quarter"]: fact["value"] for fact in targets if fact["for_territory"] == of}
            if in_force := [quarter for quarter in values if quarter <= self.quarter]:
                return int(values[max(in_force)])
        return None


def answer(fact: Fact) -> str | None:
    return fact["answer"]["name"] if fact["answer"] else None
