"""The study, loaded through the door, gives exactly what was published; counted here straight from the events."""

import json
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from demo.fixed_cases import Case, person
from demo.study import study
from tests.demo.history import Loaded, day, load

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "study.json").read_text())
COUNTS, PUBLISHED = GOLDEN["counts_that_give_them"], GOLDEN["published"]
SEED = 1
DURABLE = {"CDI", "ALTERNANCE", "TITULARISATION"}


@pytest.fixture(scope="module", params=[SEED, 2024])
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def loaded(seed: int, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(tmp_path_factory.mktemp("study"), study(seed))


def test_nothing_is_refused(loaded: Loaded) -> None:
    assert loaded.refused == []
    assert 6_000 <= len(loaded.lines) <= 9_000


# What was published, counted anew ------------------------------------------------------------------------------------


def who(loaded: Loaded) -> dict[str, str]:
    """Each merged record -> the person it stands for."""
    return {data["merged"]: data["kept"] for data in loaded.of("PersonsMerged")}


def people(loaded: Loaded, *names: str) -> dict[str, str]:
    """Each person of whom this was first said -> the territory where it was."""
    merged, found = who(loaded), dict[str, str]()
    for event in loaded.events:
        if event.kind.rpartition(".")[2] in names:
            record = msgspec.json.decode(event.data)["person"]
            found.setdefault(merged.get(record, record), event.territory)
    return found


def redirected(loaded: Loaded) -> set[str]:
    withdrawn = {data["referral"] for data in loaded.of("ReferralWithdrawn")}
    return {data["person"] for data in loaded.of("ReferralSent") if data["referral"] not in withdrawn}


def worth(outcome: dict[str, Any]) -> int:
    """2 positive, 1 dynamic, by the first version of the definitions, written out once more."""
    durable = outcome.get("contract") in DURABLE or (outcome.get("contract") in {"CDD", "INTERIM"} and outcome["months"] >= 6)
    return 2 if durable or outcome["type"] == "BusinessCreated" or outcome.get("kind") == "QUALIFIANTE" else 1


def best_exits(loaded: Loaded) -> dict[str, tuple[int, str]]:
    """Each person who left with an outcome -> the worth of the best one, and the territory of that exit."""
    names = ("JobFound", "TrainingEntered", "SchoolResumed", "CivicServiceStarted", "IntensiveSchemeEntered", "BusinessCreated")
    values = {data["outcome"]: worth(data) for data in loaded.of(*names)}
    left = {(data["person"], data["rank"]): data for data in loaded.of("JourneyExited")}
    for correction in loaded.of("ExitCorrected"):
        left[correction["person"], correction["rank"]] |= {"outcomes": correction["outcomes"]}
    for neutral in loaded.of("ExitNeutralised"):
        del left[neutral["person"], neutral["rank"]]
    best = defaultdict[str, tuple[int, str]](lambda: (0, ""))
    for (leaver, _), exit in left.items():
        best[leaver] = max(best[leaver], *((values[outcome], exit["territory"]) for outcome in exit["outcomes"]), (0, ""))
    return best


def test_the_totals_are_those_behind_the_published_figures(loaded: Loaded) -> None:
    best = Counter(value for value, _ in best_exits(loaded).values())
    assert {
        "met": len(people(loaded, "PersonIdentified")),
        "coached": len(people(loaded, "JourneyOpened")),
        "redirected": len(redirected(loaded)),
        "positive": best[2],
        "dynamic": best[1],
    } == COUNTS["totals"]
    assert len(loaded.of("BusinessCreated")) == PUBLISHED["businesses_created"]


def test_each_territory_has_its_counts(loaded: Loaded) -> None:
    met, sent = people(loaded, "PersonIdentified"), redirected(loaded)
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for name, places in (("met", met.values()), ("coached", people(loaded, "JourneyOpened").values())):
        for place in places:
            found[place][name] += 1
    for human in sent:
        found[met[human]]["redirected"] += 1
    for value, place in best_exits(loaded).values():
        if value:
            found[place]["positive" if value == 2 else "dynamic"] += 1
    for place in people(loaded, "BusinessCreated").values():
        found[place]["businesses"] += 1
    assert {place: {"businesses": 0, **counts} for place, counts in found.items()} == COUNTS["by_territory"]


def test_nobody_is_both_redirected_and_coached(loaded: Loaded) -> None:
    assert not redirected(loaded) & people(loaded, "JourneyOpened").keys()


def test_the_survey_gives_the_published_answers(loaded: Loaded) -> None:
    answers, told = loaded.of("SurveyAnswered"), COUNTS["survey"]
    assert len(answers) == told["answers"]
    for quality in ("satisfied", "wellbeing", "wants_continuation"):
        assert sum(answer[quality] for answer in answers) == told[quality]
    assert sum(bool(answer["domains"]) for answer in answers) == told["effect_in_a_domain"]
    assert Counter(str(answer["rating"]) for answer in answers) == told["ratings"]


# How it is told ------------------------------------------------------------------------------------------------------


def test_the_same_seed_tells_the_same_study(seed: int, loaded: Loaded) -> None:
    assert msgspec.json.encode(list(study(seed))) == msgspec.json.encode(loaded.lines)
    assert msgspec.json.encode(list(study(seed + 1))) != msgspec.json.encode(loaded.lines)


def test_lines_come_by_time_of_recording_each_with_an_id_of_its_own(loaded: Loaded) -> None:
    recorded = [datetime.fromisoformat(line["recorded_time"]) for line in loaded.lines]
    assert recorded == sorted(recorded)
    assert len({line["id"] for line in loaded.lines}) == len(loaded.lines)
    assert [line["type"] for line in loaded.lines[:3]] == ["PublishDefinitions", "SetTarget", "SetTarget"]


def test_most_facts_are_recorded_within_two_days(loaded: Loaded) -> None:
    waits = [datetime.fromisoformat(line["recorded_time"]) - datetime.fromisoformat(line["time"]) for line in loaded.lines]
    assert min(waits) >= timedelta()
    assert sum(wait > timedelta(days=2, hours=1) for wait in waits) < len(waits) / 100


def test_every_quarter_has_its_meetings_fewer_in_summer_and_at_the_start(loaded: Loaded) -> None:
    met = Counter(quarter(day(data["on"])) for data in loaded.of("PersonIdentified"))
    assert sorted(met) == COUNTS["quarters"]
    assert met["2022-Q2"] < met["2022-Q3"] < met["2022-Q4"]
    assert met["2023-Q3"] < min(met["2023-Q2"], met["2023-Q4"])


def quarter(on: date) -> str:
    return f"{on.year}-Q{(on.month + 2) // 3}"


def test_journeys_last_from_4_to_14_months(loaded: Loaded) -> None:
    opened = {(data["person"], data["rank"]): day(data["on"]) for data in loaded.of("JourneyOpened")}
    lengths = [day(data["exit_on"]) - opened[data["person"], data["rank"]] for data in loaded.of("JourneyExited")]
    assert timedelta(days=119) <= min(lengths)
    assert max(lengths) <= timedelta(days=430)


def test_every_kind_of_command_of_the_vocabulary_is_told(loaded: Loaded) -> None:
    assert len({line["type"] for line in loaded.lines}) >= 47
    assert any(len(data["outcomes"]) > 1 for data in loaded.of("JourneyExited"))
    assert {data["vintage"] for told in loaded.of("PersonIdentified") if (data := told["qpv"])} == {2015, 2024}


def test_an_answer_to_the_survey_leads_to_nobody(loaded: Loaded) -> None:
    known = set(people(loaded, "PersonIdentified"))
    for event in loaded.events:
        if event.kind == "coaching.SurveyAnswered":
            assert event.actor.id == "anonymous"
            assert not known & set(str(bytes(event.data)).split('"'))


# What is planted -----------------------------------------------------------------------------------------------------


def test_an_exit_is_recorded_after_its_quarter(seed: int, loaded: Loaded) -> None:
    exit = the(seed, loaded, "late", "coaching.JourneyExited")
    assert quarter(exit.time.date()) == "2023-Q4"
    assert quarter(exit.recordedtime.date()) == "2024-Q1"


def test_an_exit_is_corrected_after_its_quarter_and_its_follow_up_moves(seed: int, loaded: Loaded) -> None:
    correction = the(seed, loaded, "corrected", "coaching.ExitCorrected")
    assert (quarter(correction.time.date()), msgspec.json.decode(correction.data)["exit_on"]) == ("2023-Q2", "2023-02-28")
    assert loaded.about(str(person(seed, "corrected"))).count("FollowUpScheduled") == 3


def test_two_journeys_of_one_person_count_once(seed: int, loaded: Loaded) -> None:
    human = str(person(seed, "renewed"))
    assert loaded.about(human).count("JourneyOpened") == 2
    assert best_exits(loaded)[human] == (2, "argentan")
    assert len(loaded.of("JourneyOpened")) == COUNTS["totals"]["coached"] + 2


def test_a_move_counts_the_opening_in_one_town_and_the_exit_in_the_other(seed: int, loaded: Loaded) -> None:
    human = str(person(seed, "moved"))
    assert people(loaded, "JourneyOpened")[human] == "laigle"
    assert best_exits(loaded)[human] == (1, "alencon")


def test_two_records_are_one_person_on_two_maps(seed: int, loaded: Loaded) -> None:
    kept, merged = (str(person(seed, case)) for case in ("kept", "merged"))
    assert who(loaded) == {merged: kept}
    assert len(loaded.of("PersonIdentified")) == COUNTS["totals"]["met"] + 1
    maps = {data["person"]: data["qpv"] for data in loaded.of("PersonIdentified") if data["person"] in (kept, merged)}
    assert (maps[kept], maps[merged]) == (qpv(2015), qpv(2024))


def qpv(vintage: int) -> dict[str, Any]:
    return {"vintage": vintage, "name": "Perseigne", "code": None}


def test_an_erased_person_still_counts(seed: int, loaded: Loaded) -> None:
    human = str(person(seed, "erased"))
    assert loaded.about(human)[-1] == "PersonKeyDestroyed"
    assert best_exits(loaded)[human] == (2, "argentan")


def test_the_cells_of_the_published_study_are_released(loaded: Loaded) -> None:
    cells = {(data["indicator"], data["quarter"], data["of_territory"]) for data in loaded.of("CellReleased")}
    assert cells == {(name, "2024-Q2", "all") for name in ("businesses_created", "survey_wellbeing", "survey_continuation")}


def the(seed: int, loaded: Loaded, case: Case, kind: str) -> Any:
    human = str(person(seed, case))
    (event,) = [event for event in loaded.events if event.kind == kind and human in event.subject]
    return event


def test_the_log_never_goes_back_in_time(loaded: Loaded) -> None:
    assert all(before.recordedtime <= after.recordedtime for before, after in pairwise(loaded.events))
    assert max(event.recordedtime.date() for event in loaded.events if not event.kind.startswith("reporting.")) <= date(2024, 6, 30)
