"""The diagnostic, the barriers, the interviews."""

from msgspec.structs import replace

from services.coaching.progress import (
    BarrierIdentified,
    BarrierLifted,
    CompleteDiagnostic,
    DiagnosticCompleted,
    HoldInterview,
    IdentifyBarrier,
    InterviewHeld,
    LiftBarrier,
)
from services.coaching.words import THEMATIQUES
from tests.unit.coaching.stage import day, journey, left, opened

MOBILITY, HOUSING = sorted(name for name in THEMATIQUES if name.startswith(("mobilite--", "logement-hebergement--")))[:2]
DIAGNOSTIC = CompleteDiagnostic(person="p-1", constraints={MOBILITY: "OUI", HOUSING: "NON_ABORDEE"}, on=day("2023-02-01"))
IDENTIFY = IdentifyBarrier(person="p-1", thematique=MOBILITY, on=day("2023-02-01"))
LIFT = LiftBarrier(person="p-1", thematique=MOBILITY, on=day("2023-06-01"))
INTERVIEW = HoldInterview(person="p-1", mode="PRESENTIEL", minutes=45, on=day("2023-02-01"), by="coach-1")


def test_the_vocabulary_is_the_national_one() -> None:
    assert len(THEMATIQUES) == 69


def test_a_diagnostic_is_kept_as_it_was_said() -> None:
    assert opened().when(DIAGNOSTIC) == [
        DiagnosticCompleted(person="p-1", rank=1, constraints={MOBILITY: "OUI", HOUSING: "NON_ABORDEE"}, on=day("2023-02-01"))
    ]


def test_an_unknown_thematique_is_refused_everywhere() -> None:
    opened().refuses(replace(DIAGNOSTIC, constraints={MOBILITY: "OUI", "permis": "OUI"}), "unknown_thematique")
    opened().refuses(replace(IDENTIFY, thematique="permis"), "unknown_thematique")


def test_a_barrier_is_identified_then_lifted_and_may_come_back() -> None:
    way = opened()
    assert way.when(IDENTIFY) == [BarrierIdentified(person="p-1", rank=1, thematique=MOBILITY, on=day("2023-02-01"))]
    assert way.when(LIFT) == [BarrierLifted(person="p-1", rank=1, thematique=MOBILITY, on=day("2023-06-01"))]
    assert way.when(replace(IDENTIFY, on=day("2023-07-01")))


def test_a_barrier_that_stands_is_not_identified_again() -> None:
    opened(IDENTIFY).refuses(IDENTIFY, "barrier_already_identified")


def test_only_a_barrier_that_stands_is_lifted() -> None:
    opened().refuses(LIFT, "barrier_not_identified")
    opened(IDENTIFY, LIFT).refuses(LIFT, "barrier_not_identified")


def test_an_interview_says_who_held_it() -> None:
    assert opened().when(INTERVIEW) == [
        InterviewHeld(person="p-1", rank=1, mode="PRESENTIEL", minutes=45, by="coach-1", on=day("2023-02-01"))
    ]


def test_nothing_is_held_with_a_person_who_is_not_coached() -> None:
    for command in (DIAGNOSTIC, IDENTIFY, LIFT, INTERVIEW):
        journey().refuses(command, "journey_not_open")


def test_what_is_learnt_after_the_exit_is_recorded_at_its_own_date() -> None:
    assert left().when(replace(INTERVIEW, on=day("2023-11-30")))
    left().refuses(replace(INTERVIEW, on=day("2023-12-01")), "journey_not_open")


def test_nothing_is_held_before_the_opening() -> None:
    for state in (opened(), left()):
        state.refuses(replace(INTERVIEW, on=day("2023-01-09")), "before_the_opening")
