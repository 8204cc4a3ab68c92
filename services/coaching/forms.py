"""The commands of coaching that a person gives in a browser."""

from typing import get_args

from services.coaching.exits import ExitJourney
from services.coaching.opening import OpenJourney
from services.coaching.outcomes import CreateBusiness, EnterTraining, FindJob, Reached
from services.coaching.progress import HoldInterview, IdentifyBarrier, LiftBarrier
from services.vocabulary.questions import PERSON
from shared.description import Form, Question

OUTCOME = Question("outcome", "Identifiant de l’issue", "generated_id")

FORMS = (
    Form(OpenJourney, (PERSON, Question("referent", "Référent unique", hint="L’identifiant du coach."))),
    Form(IdentifyBarrier, (PERSON, Question("thematique", "Frein", "thematique"))),
    Form(LiftBarrier, (PERSON, Question("thematique", "Frein", "thematique"))),
    Form(
        HoldInterview,
        (PERSON, Question("mode", "Comment ?", "choice"), Question("minutes", "Durée, en minutes", "number")),
    ),
    Form(
        FindJob,
        (
            PERSON,
            OUTCOME,
            Question("contract", "Contrat", "choice"),
            Question("months", "Durée, en mois", "number", optional=True, hint="Pour un CDD ou de l’intérim."),
            Question("weekly_hours", "Heures par semaine", "number"),
            Question("evidence", "Justificatif", "choice"),
        ),
    ),
    Form(EnterTraining, (PERSON, OUTCOME, Question("kind", "Formation", "choice"))),
    Form(CreateBusiness, (PERSON, OUTCOME)),
    Form(
        ExitJourney,
        (
            PERSON,
            Question("exit_on", "Date de sortie", "date"),
            Question("reason", "Motif", "choice"),
            Question(
                "outcomes",
                "Issues",
                "recorded",
                optional=True,
                hint="Celles que nomme une sortie vers une issue.",
                events=get_args(Reached),
                id_field="outcome",
            ),
        ),
    ),
)
