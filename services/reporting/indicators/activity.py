"""Indicators of the coaching itself: interviews, barriers, workshops.

Formulas, as the programme defines them. Barriers: lifted / identified, since the start, where they were identified; one that is
identified again after it was lifted is a second one. Workshops: attended / (attended + missed); excused absences are left out.
"""

from typing import Any

from sqlalchemy import func, select

from services.reporting.facts import tables as t
from services.reporting.facts.tables import POSITION_SEPARATOR
from services.reporting.indicators.model import count_indicator, rate_indicator
from services.reporting.indicators.queries import by_quarter_end, facts, in_quarter, quarter

SECTION = "Accompagnement"

interview, barrier, seat = t.interview.c, t.barrier.c, t.seat.c

# Each event on a barrier with the next one on the same barrier: a spell begins when it is identified, and ends if it is lifted next.
same_barrier: Any = {"partition_by": (barrier.person, barrier.rank, barrier.thematique), "order_by": barrier.position}
barrier_events = select(
    *t.barrier.columns,
    func.lead(barrier.lifted).over(**same_barrier).label("then_lifted"),
    func.lead(barrier.on).over(**same_barrier).label("then_on"),
    func.lead(barrier.positions).over(**same_barrier).label("then_positions"),
).subquery("barrier_events")
spell = barrier_events.c
identified = facts(barrier_events, by_quarter_end(spell.on), spell.lifted.is_(False), counted=spell.position)
lifted = identified.where(spell.then_lifted.is_(True), spell.then_on <= quarter.c.end_on)

# Seats of workshops of the quarter, by their latest status.
resolved = facts(t.seat, in_quarter(seat.on), seat.status.in_(("ATTENDED", "MISSED")))
attended = resolved.where(seat.status == "ATTENDED")


INDICATORS = (
    count_indicator(
        "interviews",
        "Entretiens",
        "Entretiens tenus dans le trimestre.",
        facts(t.interview, in_quarter(interview.on)).side(on=interview.on, detail=interview.mode),
        section=SECTION,
        fact="interview",
        population="Entretiens",
    ),
    rate_indicator(
        "barriers_lifted",
        "Freins levés",
        "Freins levés, sur les freins repérés depuis le début. Un frein repéré de nouveau après avoir été levé compte une fois de plus.",
        lifted.side(on=spell.then_on, positions=spell.positions + POSITION_SEPARATOR + spell.then_positions, detail=spell.thematique),
        identified.side(on=spell.on, detail=spell.thematique),
        cumulative=True,
        section=SECTION,
        fact="barrier",
        population="Freins repérés",
    ),
    rate_indicator(
        "workshop_attendance",
        "Présence aux ateliers",
        "Présences, sur les présences et les absences non excusées du trimestre. Les absences excusées sont à part.",
        attended.side(on=seat.on, detail=seat.status),
        resolved.side(on=seat.on, detail=seat.status),
        section=SECTION,
        fact="seat",
        population="Places tenues ou manquées",
    ),
)
