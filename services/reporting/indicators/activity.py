"""Indicators of the coaching itself (interviews, barriers, workshops) and of the follow-ups after an exit.

Formulas, as the programme defines them. Follow-up: reached / due whose window has closed; still
in outcome / reached. Barriers: lifted / identified, since the start. Workshops: attended / (attended + missed), excused absences apart.
"""

from typing import Any

from sqlalchemy import and_

from services.reporting.facts import tables as t
from services.reporting.indicators.model import Indicator, Side, count_indicator, rate_indicator
from services.reporting.indicators.queries import by_quarter_end, facts_side, in_quarter, quarter

COACHING_SECTION = "Accompagnement"
FOLLOW_UP_SECTION = "Après la sortie"

interview, barrier, seat, follow_up = t.interview.c, t.barrier.c, t.seat.c, t.follow_up.c

barrier_identified = by_quarter_end(barrier.identified_on)
barrier_lifted = barrier.lifted_on <= quarter.c.end_on


def seats(*statuses: str) -> Side:
    """Seats of workshops of the quarter whose latest status is one of these."""
    return facts_side(t.seat, in_quarter(seat.on), seat.status.in_(statuses), on=seat.on, detail=seat.status)


def follow_up_indicators(milestone: str, months: int) -> tuple[Indicator, Indicator]:
    """Two rates of the follow-ups whose window closes in the quarter and that no renewal cancelled."""
    due = and_(in_quarter(follow_up.window_end), follow_up.milestone == milestone, follow_up.cancelled_on.is_(None))
    reached = follow_up.completed_on <= quarter.c.end_on
    in_outcome = follow_up.still_in_outcome.is_(True)
    attributes: dict[str, Any] = {"section": FOLLOW_UP_SECTION, "fact": "follow_up"}
    return (
        rate_indicator(
            f"follow_up_{milestone.lower()}",
            f"Suivi à {months} mois : personnes jointes",
            f"Suivis à {months} mois réalisés, sur ceux dont la période s’achève dans le trimestre et qu’aucun renouvellement n’a annulés.",
            facts_side(t.follow_up, due, reached, on=follow_up.completed_on, detail=follow_up.situation),
            facts_side(t.follow_up, due, on=follow_up.window_end),
            population=f"Suivis à {months} mois échus",
            **attributes,
        ),
        rate_indicator(
            f"follow_up_{milestone.lower()}_in_outcome",
            f"Suivi à {months} mois : toujours dans la solution",
            f"Personnes toujours dans la solution trouvée, sur les suivis à {months} mois réalisés.",
            facts_side(t.follow_up, due, reached, in_outcome, on=follow_up.completed_on, detail=follow_up.situation),
            facts_side(t.follow_up, due, reached, on=follow_up.completed_on, detail=follow_up.situation),
            population=f"Suivis à {months} mois réalisés",
            **attributes,
        ),
    )


INDICATORS = (
    count_indicator(
        "interviews",
        "Entretiens",
        "Entretiens tenus dans le trimestre.",
        facts_side(t.interview, in_quarter(interview.on), on=interview.on, detail=interview.mode),
        section=COACHING_SECTION,
        fact="interview",
        population="Entretiens",
    ),
    rate_indicator(
        "barriers_lifted",
        "Freins levés",
        "Freins levés, sur les freins repérés depuis le début.",
        facts_side(t.barrier, barrier_identified, barrier_lifted, on=barrier.lifted_on, detail=barrier.thematique),
        facts_side(t.barrier, barrier_identified, on=barrier.identified_on, detail=barrier.thematique),
        cumulative=True,
        section=COACHING_SECTION,
        fact="barrier",
        population="Freins repérés",
    ),
    rate_indicator(
        "workshop_attendance",
        "Présence aux ateliers",
        "Présences, sur les présences et les absences non excusées du trimestre. Les absences excusées sont à part.",
        seats("ATTENDED"),
        seats("ATTENDED", "MISSED"),
        section=COACHING_SECTION,
        fact="seat",
        population="Places tenues ou manquées",
    ),
    *follow_up_indicators("M3", 3),
    *follow_up_indicators("M6", 6),
)
