"""How good the data itself is."""

from sqlalchemy import bindparam

from services.reporting.facts import tables as t
from services.reporting.indicators.declared import count
from services.reporting.indicators.sides import key_of, rows, within

step = t.step.c

INDICATORS = (
    count(
        "late_facts",
        "Faits enregistrés tardivement",
        "Faits du trimestre enregistrés plus de quinze jours après sa fin.",
        rows(
            t.step,
            within(step.on),
            step.lateness > bindparam("late_days"),
            counted=key_of(t.step),
            on=step.on,
            territory=step.territory,
            positions=key_of(t.step),
            detail=step.kind,
        ),
        section="Qualité des données",
        fact="step",
        population="Faits du trimestre",
        protected=False,
    ),
)
