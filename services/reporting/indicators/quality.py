"""Indicators of the quality of the data."""

from sqlalchemy import bindparam

from services.reporting.facts import tables as t
from services.reporting.indicators.model import count_indicator
from services.reporting.indicators.queries import facts, in_quarter

late = t.late.c

INDICATORS = (
    count_indicator(
        "late_facts",
        "Faits enregistrés tardivement",
        "Faits du trimestre enregistrés plus de {late_days} après sa fin.",
        facts(t.late, in_quarter(late.on), late.lateness > bindparam("late_days")).side(on=late.on, detail=late.kind),
        section="Qualité des données",
        fact="step",  # clients of the HTTP interface know this code
        population="Faits du trimestre",
        internal=True,
    ),
)
