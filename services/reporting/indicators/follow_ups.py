"""Indicators of the follow-ups, 3 and 6 months after an exit.

Formulas, as the programme defines them: persons reached / follow-ups due whose window has closed; still in outcome / reached.
"""

from typing import Any

from sqlalchemy import and_, or_

from services.reporting.facts import tables as t
from services.reporting.indicators.model import Indicator, rate_indicator
from services.reporting.indicators.queries import Column, Population, in_quarter, key_text, quarter, root_person, with_person_record

SECTION = "Après la sortie"

renewal_journey = t.journey.alias("renewal")
follow_up, exit_, renewal = t.follow_up.c, t.exit_.c, renewal_journey.c

# A follow-up counts where the exit was. None is due of an exit that is neutralised, nor of one that was cancelled before it fell due. A
# renewal that opened when a follow-up was due already does not cancel it, although old events say so.
renewed_too_late = and_(renewal.opened_on == follow_up.cancelled_on, renewal.opened_on >= follow_up.due_on)
follow_ups = Population(
    source=with_person_record(t.follow_up)
    .join(t.exit_, and_(exit_.person == follow_up.person, exit_.rank == follow_up.rank))
    .outerjoin(renewal_journey, and_(renewal.person == follow_up.person, renewal.rank == follow_up.rank + 1)),
    conditions=(
        in_quarter(follow_up.window_end),
        exit_.exit_on <= quarter.c.end_on,
        exit_.territory.is_not(None),
        exit_.neutralised.is_(None),
        or_(follow_up.cancelled_on.is_(None), renewed_too_late),
    ),
    counted=key_text(*t.follow_up.primary_key),
    territory=exit_.territory,
    positions=t.follow_up.c.positions,
    person=root_person(t.follow_up),
)


def follow_up_indicators(milestone: str, months: int) -> tuple[Indicator, Indicator]:
    """Two rates of the follow-ups whose window closes in the quarter and that no renewal cancelled."""
    due = follow_ups.where(follow_up.milestone == milestone)
    reached = due.where(follow_up.completed_on <= quarter.c.end_on)
    in_outcome = reached.where(follow_up.still_in_outcome.is_(True))
    told: dict[str, Column] = {"on": follow_up.completed_on, "detail": follow_up.situation}
    attributes: dict[str, Any] = {"section": SECTION, "fact": "follow_up"}
    return (
        rate_indicator(
            f"follow_up_{milestone.lower()}",
            f"Suivi à {months} mois : personnes jointes",
            f"Suivis à {months} mois réalisés, sur ceux dont la période s’achève dans le trimestre, sauf si un nouveau parcours a commencé "
            "avant l’échéance ou si la sortie est neutralisée.",
            reached.side(**told),
            due.side(on=follow_up.window_end),
            population=f"Suivis à {months} mois échus",
            **attributes,
        ),
        rate_indicator(
            f"follow_up_{milestone.lower()}_in_outcome",
            f"Suivi à {months} mois : toujours dans la solution",
            f"Personnes toujours dans la solution trouvée, sur les suivis à {months} mois réalisés.",
            in_outcome.side(**told),
            reached.side(**told),
            population=f"Suivis à {months} mois réalisés",
            **attributes,
        ),
    )


INDICATORS = (*follow_up_indicators("M3", 3), *follow_up_indicators("M6", 6))
