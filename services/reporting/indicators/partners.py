"""Indicators of how partners answer the referrals that they receive.

Formulas, as the programme defines them. Partner answers: answered / sent more than 30 days ago; accepted / answered; median
days. A referral that was withdrawn by the end of the quarter without an answer is left out.
"""

from sqlalchemy import or_

from services.reporting.facts import tables as t
from services.reporting.indicators.model import median_indicator, rate_indicator
from services.reporting.indicators.queries import Column, facts, in_quarter, not_by_quarter_end, quarter

SECTION = "Partenaires"

referral = t.referral.c

# As known at the end of the quarter: what is answered or withdrawn later changes nothing in it.
answered_by_quarter_end = referral.answered_on <= quarter.c.end_on
due = facts(
    t.referral,
    in_quarter(referral.due_on),
    or_(not_by_quarter_end(referral.withdrawn_on), answered_by_quarter_end),
)
answered = facts(t.referral, in_quarter(referral.answered_on), referral.sent_on <= quarter.c.end_on)
answer: dict[str, Column] = {"on": referral.answered_on, "detail": referral.thematique}

INDICATORS = (
    rate_indicator(
        "partner_answers",
        "Réponses des partenaires",
        "Réorientations auxquelles le partenaire a répondu avant la fin du trimestre, sur celles envoyées depuis plus de 30 jours "
        "dont ce délai s’achève dans le trimestre. Celles retirées sans réponse ne comptent pas.",
        due.where(answered_by_quarter_end).side(**answer),
        due.side(on=referral.sent_on, detail=referral.thematique),
        section=SECTION,
        fact="referral",
        population="Réorientations envoyées",
    ),
    rate_indicator(
        "partner_acceptance",
        "Acceptation par les partenaires",
        "Réorientations acceptées, sur celles auxquelles un partenaire a répondu dans le trimestre.",
        answered.where(referral.accepted_on <= quarter.c.end_on).side(**answer),
        answered.side(**answer),
        section=SECTION,
        fact="referral",
        population="Réorientations auxquelles un partenaire a répondu",
    ),
    median_indicator(
        "partner_delay",
        "Délai de réponse des partenaires",
        "Nombre médian de jours entre l’envoi d’une réorientation et la réponse du partenaire, pour les réponses du trimestre.",
        answered.side(**answer, amount=referral.answered_day - referral.sent_day),
        section=SECTION,
        fact="referral",
        population="Réorientations auxquelles un partenaire a répondu",
    ),
)
