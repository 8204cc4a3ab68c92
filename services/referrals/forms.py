"""The command of referrals that a person gives in a browser."""

from services.referrals.referral import SendReferral
from services.vocabulary.questions import PERSON
from shared.description import Form, Question

FORMS = (
    Form(
        SendReferral,
        "Réorienter vers un partenaire",
        (
            PERSON,
            Question("referral", "Identifiant de la réorientation", "generated_id"),
            Question("partner", "Partenaire", hint="L’identifiant de l’organisation."),
            Question("thematique", "Pour quoi ?", "thematique"),
            Question("consent", "Accord de la personne", hint="La référence de son accord écrit."),
            Question("shared_fields", "Informations transmises", "list", hint="Séparées par des virgules."),
        ),
    ),
)
