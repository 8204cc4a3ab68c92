"""Commands after an exit: the follow-ups at 3 and 6 months, a correction, a neutralisation, and the decision on a renewal."""

from collections.abc import Iterator
from datetime import date, timedelta

from demo.actors import COORDINATOR, Town
from demo.command_lines import Actor, CommandSequence, TimedLine, stable_id
from demo.dates import add_months, workday
from demo.draws import workday_after
from demo.outcomes import outcome_command
from demo.plans import Correction, JourneyPlan
from demo.survey import issue_ticket

CHANNELS = ("TELEPHONE", "TELEPHONE", "TELEPHONE", "SMS", "RENCONTRE", "COURRIEL")
DENIAL_REASONS = ("OBJECTIF_ATTEINT", "AUTRE_DISPOSITIF", "SANS_ADHESION")


def after_exit(
    commands: CommandSequence, town: Town, coach: Actor, person: str, journey: JourneyPlan, rank: int, exit_on: date
) -> Iterator[TimedLine]:
    """A neutralised exit has no follow-up. A correction comes between the two follow-ups, and moves the second one.

    A ticket for the survey is issued at the exit, and at each follow-up that reaches the person.
    """
    if journey.neutralised_on:
        yield commands.emit("NeutraliseExit", journey.neutralised_on, COORDINATOR, person=person, reason=journey.neutral_reason)
        return
    yield from issue_ticket(commands, town, exit_on, coach, person, rank, "EXIT")
    if not journey.renewed_on and commands.rng.random() < 0.07:
        yield deny_renewal(commands, workday_after(commands.rng, exit_on, 12, 40), person)
    yield from follow_up(commands, town, coach, person, journey, rank, "M3", add_months(exit_on, 3))
    if journey.correction:
        yield from correct_exit(commands, coach, person, rank, journey.correction)
        exit_on = journey.correction.exit_on
    yield from follow_up(commands, town, coach, person, journey, rank, "M6", add_months(exit_on, 6))


def follow_up(
    commands: CommandSequence, town: Town, coach: Actor, person: str, journey: JourneyPlan, rank: int, milestone: str, due_on: date
) -> Iterator[TimedLine]:
    """Attempts around the due date, then the answer if the person is reached; nothing if a renewal comes first."""
    rng, ids = commands.rng, {"person": person, "rank": rank, "milestone": milestone}
    day = workday(due_on + timedelta(days=rng.randint(-9, 8)))
    if journey.renewed_on and day + timedelta(days=14) >= journey.renewed_on:
        return  # the opening of the next journey cancels the follow-up
    reached = rng.random() < (0.78 if journey.outcome_kinds else 0.5)
    for _ in range(rng.choice((0, 0, 0, 1)) if reached else rng.randint(1, 3)):
        if not journey.renewed_on or day < journey.renewed_on:
            yield commands.emit("RecordUnreachable", day, coach, **ids)
        day = workday_after(rng, day, 3, 7)
    if reached and (not journey.renewed_on or day < journey.renewed_on):
        yield commands.emit("CompleteFollowUp", day, coach, **ids, **situation(commands, journey), channel=rng.choice(CHANNELS))
        yield from issue_ticket(commands, town, day, coach, person, rank, milestone)


def situation(commands: CommandSequence, journey: JourneyPlan) -> dict[str, str | bool]:
    """The situation of a person who was reached: most of those with an outcome are still in it."""
    if not journey.outcome_kinds or commands.rng.random() > 0.82:
        return {"situation": commands.rng.choice(("RECHERCHE", "RECHERCHE", "INACTIF", "AUTRE")), "still_in_outcome": False}
    studies = journey.outcome_kinds[-1].startswith(("FORMATION", "SCOLARITE"))
    return {"situation": "FORMATION" if studies else "EMPLOI", "still_in_outcome": True}


def correct_exit(commands: CommandSequence, coach: Actor, person: str, rank: int, correction: Correction) -> Iterator[TimedLine]:
    """The outcome that became known, then the exit with it; both are recorded on the day of the correction or soon after."""
    outcome = str(stable_id(person, "outcome", rank, "corrected"))
    name, data = outcome_command(commands, correction.outcome_kind)
    yield commands.emit_late(correction.corrected_on, name, correction.outcome_on, coach, person=person, outcome=outcome, **data)
    exit = {"exit_on": correction.exit_on.isoformat(), "reason": "OUTCOME", "outcomes": [outcome], "why": "JUSTIFICATIF"}
    yield commands.emit("CorrectExit", correction.corrected_on, coach, person=person, **exit)


def deny_renewal(commands: CommandSequence, day: date, person: str) -> TimedLine:
    reason, action = commands.rng.choice(DENIAL_REASONS), "Relais vers un partenaire du territoire"
    return commands.emit("DenyRenewal", day, COORDINATOR, person=person, reason=reason, proposed_action=action)


def renew_journey(commands: CommandSequence, coach: Actor, person: str, granted_on: date, opened_on: date) -> Iterator[TimedLine]:
    yield commands.emit("GrantRenewal", granted_on, COORDINATOR, person=person)
    yield commands.emit("OpenJourney", opened_on, coach, person=person, referent=coach["id"])
