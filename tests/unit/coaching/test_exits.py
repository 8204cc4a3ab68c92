"""An exit is stated once, then corrected or neutralised, never edited."""

import pytest
from msgspec.structs import replace

from services.coaching.exits import CorrectExit, ExitCorrected, ExitNeutralised, JourneyExited, NeutraliseExit
from services.coaching.follow_up import CompleteFollowUp, FollowUpScheduled, ScheduleFollowUps
from services.coaching.outcomes import CreateBusiness
from tests.unit.coaching.stage import AGAIN, EXIT, GRANT, JOB, day, journey, left, opened

CORRECT = CorrectExit(
    person="p-1",
    exit_on=day("2023-10-31"),
    reason="OUTCOME",
    outcomes=["job-1"],
    why="JUSTIFICATIF",
    on=day("2024-01-08"),
    recorded_on=day("2024-01-08"),
)
NEUTRALISE = NeutraliseExit(person="p-1", reason="DEMENAGEMENT", on=day("2024-01-08"))


def test_an_exit_names_its_outcomes_and_what_had_opened_the_journey() -> None:
    assert opened(JOB).when(EXIT) == [
        JourneyExited(
            person="p-1",
            rank=1,
            exit_on=day("2023-11-30"),
            reason="OUTCOME",
            outcomes=["job-1"],
            orientation="o-1",
            territory="alencon",
            on=day("2023-12-01"),
        )
    ]


def test_only_an_open_journey_ends() -> None:
    journey().refuses(EXIT, "journey_not_open")
    left().refuses(EXIT, "journey_not_open")


@pytest.mark.parametrize("exit_on", ["2023-01-10", "2023-12-04"])
def test_an_exit_may_be_on_the_day_of_the_opening_and_on_the_day_of_the_recording(exit_on: str) -> None:
    assert opened(JOB).when(replace(EXIT, exit_on=day(exit_on)))


@pytest.mark.parametrize(("exit_on", "code"), [("2023-01-09", "exit_before_opening"), ("2023-12-05", "exit_after_recording")])
def test_an_exit_is_neither_before_the_opening_nor_after_its_recording(exit_on: str, code: str) -> None:
    opened(JOB).refuses(replace(EXIT, exit_on=day(exit_on)), code)
    left().refuses(replace(CORRECT, exit_on=day(exit_on), recorded_on=day("2023-12-04")), code)


def test_the_reason_is_an_outcome_when_and_only_when_one_is_named() -> None:
    opened(JOB).refuses(replace(EXIT, outcomes=[]), "exit_without_outcome")
    opened(JOB).refuses(replace(EXIT, reason="ABANDON"), "outcome_without_reason")
    left().refuses(replace(CORRECT, outcomes=[]), "exit_without_outcome")
    left().refuses(replace(CORRECT, reason="ABANDON"), "outcome_without_reason")


def test_an_exit_names_each_known_outcome_once() -> None:
    opened().refuses(EXIT, "outcome_unknown")
    opened(JOB).refuses(replace(EXIT, outcomes=["job-1", "job-1"]), "outcome_named_twice")
    left().refuses(replace(CORRECT, outcomes=["job-1", "job-2"]), "outcome_unknown")


def test_an_outcome_of_a_former_journey_is_not_one_of_this_one() -> None:
    later = replace(EXIT, exit_on=day("2024-06-01"), on=day("2024-06-01"), recorded_on=day("2024-06-01"), territory="flers")
    left(GRANT, AGAIN).refuses(later, "outcome_unknown")


def test_a_correction_says_which_statement_it_replaces() -> None:
    corrected = left()
    assert corrected.when(CORRECT) == [
        ExitCorrected(
            person="p-1",
            rank=1,
            supersedes=1,
            exit_on=day("2023-10-31"),
            reason="OUTCOME",
            outcomes=["job-1"],
            why="JUSTIFICATIF",
            on=day("2024-01-08"),
        )
    ]
    again = corrected.when(replace(CORRECT, reason="PERDU_DE_VUE", outcomes=[], why="REQUALIFICATION"))
    assert [event.supersedes for event in again] == [2]


def test_an_outcome_learnt_late_enters_the_exit_by_a_correction() -> None:
    found_late = CreateBusiness(person="p-1", outcome="shop", on=day("2023-11-01"))
    assert left(found_late).when(replace(CORRECT, outcomes=["job-1", "shop"]))


def test_a_correction_changes_something() -> None:
    left(CORRECT).refuses(CORRECT, "correction_without_change")


def test_only_an_exit_is_corrected_or_neutralised() -> None:
    for command in (CORRECT, NEUTRALISE):
        journey().refuses(command, "journey_not_exited")
        opened().refuses(command, "journey_not_exited")
        left(GRANT, AGAIN).refuses(command, "journey_not_exited")


def test_an_exit_is_neutralised_once_and_for_all() -> None:
    neutral = left()
    assert neutral.when(NEUTRALISE) == [ExitNeutralised(person="p-1", rank=1, reason="DEMENAGEMENT", on=day("2024-01-08"))]
    neutral.refuses(NEUTRALISE, "exit_neutralised")
    neutral.refuses(CORRECT, "exit_neutralised")


def test_a_corrected_date_moves_the_follow_ups_that_are_still_awaited() -> None:
    schedule = ScheduleFollowUps(person="p-1", rank=1, exit_on=day("2023-11-30"), on=day("2023-12-01"))
    done = CompleteFollowUp(
        person="p-1", rank=1, milestone="M3", situation="EMPLOI", still_in_outcome=True, channel="SMS", on=day("2024-02-28")
    )
    moved = left(schedule, done).when(CORRECT)[1:]
    assert moved == [
        FollowUpScheduled(
            person="p-1", rank=1, milestone="M6", due_on=day("2024-04-30"), window_end=day("2024-05-30"), on=day("2024-01-08")
        )
    ]


def test_a_correction_that_keeps_the_date_moves_no_follow_up() -> None:
    schedule = ScheduleFollowUps(person="p-1", rank=1, exit_on=day("2023-11-30"), on=day("2023-12-01"))
    kept = replace(CORRECT, exit_on=day("2023-11-30"), reason="ABANDON", outcomes=[])
    assert len(left(schedule).when(kept)) == 1
