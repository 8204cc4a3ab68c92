"""What is done with people on their way, and what is heard of them afterwards."""

from typing import Any

from sqlalchemy import and_

from services.reporting.facts import tables as t
from services.reporting.indicators.model import Indicator, Side, count, rate
from services.reporting.indicators.queries import facts, key_of, quarter, until, within

WAY = "Accompagnement"
AFTER = "Après la sortie"

interview, barrier, seat, follow_up = t.interview.c, t.barrier.c, t.seat.c, t.follow_up.c

key = key_of(t.follow_up)
barriers = key_of(t.barrier)
seats = key_of(t.seat)
known = until(barrier.identified_on)
lifted = barrier.lifted_on <= quarter.c.end_on
held = within(seat.on)


def seats_of(*states: str) -> Side:
    return facts(t.seat, seats, held, seat.status.in_(states), on=seat.on, detail=seat.status)


def followed(milestone: str, months: int) -> tuple[Indicator, Indicator]:
    """Follow-ups whose window closes in the quarter and that no renewal cancelled."""
    due = and_(within(follow_up.window_end), follow_up.milestone == milestone, follow_up.cancelled_on.is_(None))
    reached = follow_up.completed_on <= quarter.c.end_on
    said: dict[str, Any] = {"section": AFTER, "fact": "follow_up"}
    return (
        rate(
            f"follow_up_{milestone.lower()}",
            f"Suivi à {months} mois : personnes jointes",
            f"Suivis à {months} mois réalisés, sur ceux dont la période s’achève dans le trimestre et qu’aucun renouvellement n’a annulés.",
            facts(t.follow_up, key, due, reached, on=follow_up.completed_on, detail=follow_up.situation),
            facts(t.follow_up, key, due, on=follow_up.window_end),
            population=f"Suivis à {months} mois échus",
            **said,
        ),
        rate(
            f"follow_up_{milestone.lower()}_in_outcome",
            f"Suivi à {months} mois : toujours dans la solution",
            f"Personnes toujours dans la solution trouvée, sur les suivis à {months} mois réalisés.",
            facts(
                t.follow_up, key, due, reached, follow_up.still_in_outcome.is_(True), on=follow_up.completed_on, detail=follow_up.situation
            ),
            facts(t.follow_up, key, due, reached, on=follow_up.completed_on, detail=follow_up.situation),
            population=f"Suivis à {months} mois réalisés",
            **said,
        ),
    )


INDICATORS = (
    count(
        "interviews",
        "Entretiens",
        "Entretiens tenus dans le trimestre.",
        facts(t.interview, key_of(t.interview), within(interview.on), on=interview.on, detail=interview.mode),
        section=WAY,
        fact="interview",
        population="Entretiens",
    ),
    rate(
        "barriers_lifted",
        "Freins levés",
        "Freins levés, sur les freins repérés depuis le début.",
        facts(t.barrier, barriers, known, lifted, on=barrier.lifted_on, detail=barrier.thematique),
        facts(t.barrier, barriers, known, on=barrier.identified_on, detail=barrier.thematique),
        cumulative=True,
        section=WAY,
        fact="barrier",
        population="Freins repérés",
    ),
    rate(
        "workshop_attendance",
        "Présence aux ateliers",
        "Présences, sur les présences et les absences non excusées du trimestre. Les absences excusées sont à part.",
        seats_of("ATTENDED"),
        seats_of("ATTENDED", "MISSED"),
        section=WAY,
        fact="seat",
        population="Places tenues ou manquées",
    ),
    *followed("M3", 3),
    *followed("M6", 6),
)
