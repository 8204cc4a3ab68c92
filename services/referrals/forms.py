"""The command of referrals that a person gives in a browser."""

from services.referrals.referral import SendReferral
from services.vocabulary.questions import PERSON
from shared.description import Form, Question

FORMS = (
    Form(
        SendReferral,
        (
            PERSON,
            Question("referral", "Identifiant de la réorientation", "generated_id"),
            Question("partner", "Partenaire", "partner"),
            Question("thematique", "Pour quoi ?", "thematique"),
            Question("consent", "Accord de la personne", hint="La référence de son accord écrit."),
            Question(
                "shared_fields", "Informations transmises", "list", hint="Par exemple : téléphone, freins. Séparées par des virgules."
            ),
        ),
    ),
)
