"""What participants say. An answer belongs to nobody: no person, no order of arrival among people."""

from sqlalchemy import ColumnElement

from services.reporting.facts import tables as t
from services.reporting.indicators.model import Indicator, Side, rate
from services.reporting.indicators.queries import facts, key_of, until

SECTION = "Ce qu’en disent les participants"
RESPONDENTS = "Réponses au questionnaire anonyme"

answer = t.answer.c


def answers(*where: ColumnElement[bool]) -> Side:
    return facts(t.answer, key_of(t.answer), until(answer.on), *where, on=answer.on, amount=answer.rating)


def share(id: str, label: str, definition: str, quality: ColumnElement[bool]) -> Indicator:
    return rate(
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
    share("survey_satisfied", "Satisfaits", "Personnes satisfaites de l’accompagnement", answer.satisfied.is_(True)),
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
    share("survey_wellbeing", "Mieux-être", "Personnes qui se sentent mieux", answer.wellbeing.is_(True)),
    share(
        "survey_continuation", "Souhaitent continuer", "Personnes qui souhaitent que l’action continue", answer.wants_continuation.is_(True)
    ),
    share(
        "survey_domain_effect",
        "Effet dans un domaine de vie",
        "Personnes qui voient un effet dans un domaine de vie au moins",
        answer.domains > 0,
    ),
)
