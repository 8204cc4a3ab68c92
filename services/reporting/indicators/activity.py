"""Indicators of the coaching itself: interviews, barriers, workshops.

Formulas, as the programme defines them. Barriers: lifted / identified, since the start. Workshops: attended / (attended + missed);
excused absences are left out.
"""

from services.reporting.facts import tables as t
from services.reporting.indicators.model import Side, count_indicator, rate_indicator
from services.reporting.indicators.queries import by_quarter_end, facts_side, in_quarter, quarter

SECTION = "Accompagnement"

interview, barrier, seat = t.interview.c, t.barrier.c, t.seat.c

barrier_identified = by_quarter_end(barrier.identified_on)
barrier_lifted = barrier.lifted_on <= quarter.c.end_on


def seats(*statuses: str) -> Side:
    """Seats of workshops of the quarter whose latest status is one of these."""
    return facts_side(t.seat, in_quarter(seat.on), seat.status.in_(statuses), on=seat.on, detail=seat.status)


INDICATORS = (
    count_indicator(
        "interviews",
        "Entretiens",
        "Entretiens tenus dans le trimestre.",
        facts_side(t.interview, in_quarter(interview.on), on=interview.on, detail=interview.mode),
        section=SECTION,
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
        section=SECTION,
        fact="barrier",
        population="Freins repérés",
    ),
    rate_indicator(
        "workshop_attendance",
        "Présence aux ateliers",
        "Présences, sur les présences et les absences non excusées du trimestre. Les absences excusées sont à part.",
        seats("ATTENDED"),
        seats("ATTENDED", "MISSED"),
        section=SECTION,
        fact="seat",
        population="Places tenues ou manquées",
    ),
)
