"""The commands of intake that a person gives in a browser."""

from services.intake.entry import GiveNotice, RecordContactAttempt, RecordIdentity
from services.intake.person import IdentifyPerson
from services.vocabulary.questions import PERSON, PERSON_HINT
from shared.description import Form, Question

FORMS = (
    Form(
        IdentifyPerson,
        (
            Question("person", "Identifiant de la personne", "generated_id", hint=PERSON_HINT),
            Question("channel", "Comment l’avez-vous rencontrée ?", "choice"),
            Question("place", "Lieu de la rencontre", hint="Une place, un marché, un pied d’immeuble…"),
            Question("radar", "Est-elle suivie par une institution ?", "choice"),
        ),
    ),
    Form(
        GiveNotice,
        (PERSON, Question("version", "Version de la notice", "number"), Question("mode", "Comment ?", "choice")),
    ),
    Form(
        RecordIdentity,
        (
            PERSON,
            Question("given_name", "Prénom"),
            Question("family_name", "Nom"),
            Question("birth_date", "Date de naissance", "date", optional=True),
            Question("phone", "Téléphone", optional=True),
            Question("email", "Adresse électronique", optional=True),
            Question("address", "Adresse", optional=True),
        ),
    ),
    Form(RecordContactAttempt, (PERSON, Question("outcome", "Résultat", "choice"))),
)
