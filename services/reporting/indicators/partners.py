"""Indicators of how partners answer the referrals that they receive.

Formulas, as the programme defines them. Partner answers: answered / sent more than 30 days ago; accepted / answered; median
days. A referral that was withdrawn before an answer is left out.
"""

from sqlalchemy import and_, or_

from services.reporting.facts import tables as t
from services.reporting.indicators.model import median_indicator, rate_indicator
from services.reporting.indicators.queries import facts_side, in_quarter, quarter

SECTION = "Partenaires"

referral = t.referral.c

due = and_(in_quarter(referral.due_on), or_(referral.withdrawn_on.is_(None), referral.answered_on.is_not(None)))
answered_by_quarter_end = referral.answered_on <= quarter.c.end_on
answered_in_quarter = in_quarter(referral.answered_on)
accepted = referral.accepted_on.is_not(None)

INDICATORS = (
    rate_indicator(
        "partner_answers",
        "Réponses des partenaires",
        "Réorientations auxquelles le partenaire a répondu avant la fin du trimestre, sur celles envoyées depuis plus de 30 jours "
        "dont ce délai s’achève dans le trimestre. Celles retirées sans réponse ne comptent pas.",
        facts_side(t.referral, due, answered_by_quarter_end, on=referral.answered_on, detail=referral.thematique),
        facts_side(t.referral, due, on=referral.sent_on, detail=referral.thematique),
        section=SECTION,
        fact="referral",
        population="Réorientations envoyées",
    ),
    rate_indicator(
        "partner_acceptance",
        "Acceptation par les partenaires",
        "Réorientations acceptées, sur celles auxquelles un partenaire a répondu dans le trimestre.",
        facts_side(t.referral, answered_in_quarter, accepted, on=referral.answered_on, detail=referral.thematique),
        facts_side(t.referral, answered_in_quarter, on=referral.answered_on, detail=referral.thematique),
        section=SECTION,
        fact="referral",
        population="Réorientations auxquelles un partenaire a répondu",
    ),
    median_indicator(
        "partner_delay",
        "Délai de réponse des partenaires",
        "Nombre médian de jours entre l’envoi d’une réorientation et la réponse du partenaire, pour les réponses du trimestre.",
        facts_side(
            t.referral,
            answered_in_quarter,
            on=referral.answered_on,
            detail=referral.thematique,
            amount=referral.answered_day - referral.sent_day,
        ),
        section=SECTION,
        fact="referral",
        population="Réorientations auxquelles un partenaire a répondu",
    ),
)
