"""Indicators of the anonymous survey. Formulas, as the programme defines them: each answer / respondents, and the mean rating.

The response rate: tickets redeemed / tickets issued, since the start. Each answer redeems one ticket, of its own territory and issued in
its own month or before, so the rate never exceeds 100 %.

Answers name no person, so their evidence has none either (an answer cannot be joined to a person).
"""

from sqlalchemy import ColumnElement

from services.reporting.facts import tables as t
from services.reporting.indicators.model import Indicator, Side, rate_indicator
from services.reporting.indicators.queries import by_quarter_end, facts

SECTION = "Ce qu’en disent les participants"
RESPONDENTS = "Réponses au questionnaire anonyme"

answer, ticket, redemption = t.answer.c, t.survey_ticket.c, t.survey_redemption.c
received = facts(t.answer, by_quarter_end(answer.on))


def answers(*conditions: ColumnElement[bool]) -> Side:
    """Answers received since the start, with their rating as amount."""
    return received.where(*conditions).side(on=answer.on, amount=answer.rating)


def share_of_answers(id: str, label: str, definition: str, quality: ColumnElement[bool]) -> Indicator:
    return rate_indicator(
        id,
        label,
        f"{definition}, sur toutes les réponses reçues depuis le début.",
        answers(quality),
        answers(),
        cumulative=True,
        section=SECTION,
        fact="answer",
        population=RESPONDENTS,
    )


INDICATORS = (
    rate_indicator(
        "survey_response_rate",
        "Taux de réponse",
        "Réponses au questionnaire anonyme, sur les tickets remis à la sortie, à 3 et à 6 mois, depuis le début.",
        facts(t.survey_redemption, by_quarter_end(redemption.on)).side(on=redemption.on, detail=redemption.moment),
        facts(t.survey_ticket, by_quarter_end(ticket.on)).side(on=ticket.on, detail=ticket.moment),
        cumulative=True,
        section=SECTION,
        fact="ticket",
        population="Tickets remis",
    ),
    share_of_answers("survey_satisfied", "Satisfaits", "Réponses satisfaites de l’accompagnement", answer.satisfied.is_(True)),
    Indicator(
        id="survey_rating",
        label="Note moyenne",
        definition="Moyenne des notes de 1 à 5, à une décimale, sur toutes les réponses reçues depuis le début.",
        population=RESPONDENTS,
        section=SECTION,
        fact="answer",
        unit="rating",
        measure="mean",
        cumulative=True,
        numerator=answers(),
    ),
    share_of_answers("survey_wellbeing", "Mieux-être", "Réponses qui disent un mieux-être", answer.wellbeing.is_(True)),
    share_of_answers(
        "survey_continuation", "Souhaitent continuer", "Réponses qui souhaitent que l’action continue", answer.wants_continuation.is_(True)
    ),
    share_of_answers(
        "survey_domain_effect",
        "Effet dans un domaine de vie",
        "Réponses qui voient un effet dans un domaine de vie au moins",
        answer.domains > 0,
    ),
)
