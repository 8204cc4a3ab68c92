"""The commands of coaching that a person gives in a browser."""

from services.coaching.exits import ExitJourney
from services.coaching.opening import OpenJourney
from services.coaching.outcomes import CreateBusiness, EnterTraining, FindJob
from services.coaching.progress import HoldInterview, IdentifyBarrier, LiftBarrier
from services.vocabulary.questions import PERSON
from shared.description import Form, Question

OUTCOME = Question("outcome", "Identifiant de l’issue", "generated_id")

FORMS = (
    Form(OpenJourney, "Ouvrir un parcours", (PERSON, Question("referent", "Référent unique", hint="L’identifiant du coach."))),
    Form(IdentifyBarrier, "Identifier un frein", (PERSON, Question("thematique", "Frein", "thematique"))),
    Form(LiftBarrier, "Lever un frein", (PERSON, Question("thematique", "Frein", "thematique"))),
    Form(
        HoldInterview,
        "Tenir un entretien",
        (PERSON, Question("mode", "Comment ?", "choice"), Question("minutes", "Durée, en minutes", "number")),
    ),
    Form(
        FindJob,
        "Noter un emploi",
        (
            PERSON,
            OUTCOME,
            Question("contract", "Contrat", "choice"),
            Question("months", "Durée, en mois", "number", optional=True, hint="Pour un CDD ou de l’intérim."),
            Question("weekly_hours", "Heures par semaine", "number"),
            Question("evidence", "Justificatif", "choice"),
        ),
    ),
    Form(EnterTraining, "Noter une entrée en formation", (PERSON, OUTCOME, Question("kind", "Formation", "choice"))),
    Form(CreateBusiness, "Noter une création d’entreprise", (PERSON, OUTCOME)),
    Form(
        ExitJourney,
        "Terminer le parcours",
        (
            PERSON,
            Question("exit_on", "Date de sortie", "date"),
            Question("reason", "Motif", "choice"),
            Question(
                "outcomes",
                "Issues",
                "list",
                optional=True,
                hint="Leurs identifiants, séparés par des virgules, si la sortie est vers une issue.",
            ),
        ),
    ),
)
