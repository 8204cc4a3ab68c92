"""Indicators of the follow-ups, 3 and 6 months after an exit.

Formulas, as the programme defines them: persons reached / follow-ups due whose window has closed; still in outcome / reached.
"""

from typing import Any

from sqlalchemy import and_

from services.reporting.facts import tables as t
from services.reporting.indicators.model import Indicator, rate_indicator
from services.reporting.indicators.queries import facts_side, in_quarter, quarter

SECTION = "Après la sortie"

follow_up = t.follow_up.c


def follow_up_indicators(milestone: str, months: int) -> tuple[Indicator, Indicator]:
    """Two rates of the follow-ups whose window closes in the quarter and that no renewal cancelled."""
    due = and_(in_quarter(follow_up.window_end), follow_up.milestone == milestone, follow_up.cancelled_on.is_(None))
    reached = follow_up.completed_on <= quarter.c.end_on
    in_outcome = follow_up.still_in_outcome.is_(True)
    attributes: dict[str, Any] = {"section": SECTION, "fact": "follow_up"}
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


INDICATORS = (*follow_up_indicators("M3", 3), *follow_up_indicators("M6", 6))
