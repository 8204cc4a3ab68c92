"""How good the data itself is."""

from sqlalchemy import bindparam

from services.reporting.facts import tables as t
from services.reporting.indicators.model import count
from services.reporting.indicators.queries import key_of, rows, within

late = t.late.c

INDICATORS = (
    count(
        "late_facts",
        "Faits enregistrés tardivement",
        "Faits du trimestre enregistrés plus de quinze jours après sa fin.",
        rows(
            t.late,
            within(late.on),
            late.lateness > bindparam("late_days"),
            counted=key_of(t.late),
            on=late.on,
            territory=late.territory,
            positions=late.positions,
            detail=late.kind,
        ),
        section="Qualité des données",
        fact="step",
        population="Faits du trimestre",
        protected=False,
    ),
)
