"""How partners answer the referrals that they receive."""

from sqlalchemy import and_, or_

from services.reporting.facts import tables as t
from services.reporting.indicators.model import middle, rate
from services.reporting.indicators.queries import facts, quarter, within

SECTION = "Partenaires"

referral = t.referral.c

due = and_(within(referral.due_on), or_(referral.withdrawn_on.is_(None), referral.answered_on.is_not(None)))
answered = within(referral.answered_on)

INDICATORS = (
    rate(
        "partner_answers",
        "Réponses des partenaires",
        "Réorientations auxquelles le partenaire a répondu avant la fin du trimestre, sur celles envoyées depuis plus de 30 jours "
        "dont ce délai s’achève dans le trimestre. Celles retirées sans réponse ne comptent pas.",
        facts(
            t.referral,
            referral.referral,
            due,
            referral.answered_on <= quarter.c.end_on,
            on=referral.answered_on,
            detail=referral.thematique,
        ),
        facts(t.referral, referral.referral, due, on=referral.sent_on, detail=referral.thematique),
        section=SECTION,
        fact="referral",
        population="Réorientations envoyées",
    ),
    rate(
        "partner_acceptance",
        "Acceptation par les partenaires",
        "Réorientations acceptées, sur celles auxquelles un partenaire a répondu dans le trimestre.",
        facts(
            t.referral, referral.referral, answered, referral.accepted_on.is_not(None), on=referral.answered_on, detail=referral.thematique
        ),
        facts(t.referral, referral.referral, answered, on=referral.answered_on, detail=referral.thematique),
        section=SECTION,
        fact="referral",
        population="Réorientations auxquelles un partenaire a répondu",
    ),
    middle(
        "partner_delay",
        "Délai de réponse des partenaires",
        "Nombre médian de jours entre l’envoi d’une réorientation et la réponse du partenaire, pour les réponses du trimestre.",
        facts(
            t.referral,
            referral.referral,
            answered,
            on=referral.answered_on,
            detail=referral.thematique,
            amount=referral.answered_day - referral.sent_day,
        ),
        section=SECTION,
        fact="referral",
        population="Réorientations auxquelles un partenaire a répondu",
    ),
)
