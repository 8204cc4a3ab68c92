"""The steps that a coach records in a browser: for each, its command and the questions that are asked. Pure."""

from collections.abc import Mapping
from typing import Literal

from marshmallow import Schema, fields, validate
from msgspec import Struct

Kind = Literal["text", "number", "choice", "yes_no", "date", "made", "thematique", "several"]


class Question(Struct, frozen=True):
    """`made` is an identifier that the page makes itself. `optional` questions may stay empty."""

    name: str
    label: str
    kind: Kind = "text"
    optional: bool = False
    hint: str = ""


class Form(Struct, frozen=True):
    command: str
    title: str
    questions: tuple[Question, ...]


PERSON = Question("person", "Identifiant de la personne", hint="Un pseudonyme : jamais un nom.")
OUTCOME = Question("outcome", "Identifiant de l’issue", "made")

FORMS: tuple[Form, ...] = (
    Form(
        "IdentifyPerson",
        "Repérer une personne",
        (
            Question("person", "Identifiant de la personne", "made", hint="Un pseudonyme : jamais un nom."),
            Question("channel", "Comment l’avez-vous rencontrée ?", "choice"),
            Question("place", "Où ?", hint="Un lieu : place, marché, pied d’immeuble…"),
            Question("radar", "Est-elle suivie par une institution ?", "choice"),
        ),
    ),
    Form(
        "GiveNotice",
        "Informer sur les données",
        (PERSON, Question("version", "Version de la notice", "number"), Question("mode", "Comment ?", "choice")),
    ),
    Form("RecordContactAttempt", "Noter une tentative de contact", (PERSON, Question("outcome", "Résultat", "choice"))),
    Form(
        "OpenJourney",
        "Ouvrir un parcours",
        (PERSON, Question("referent", "Référent unique", hint="L’identifiant du coach.")),
    ),
    Form("IdentifyBarrier", "Identifier un frein", (PERSON, Question("thematique", "Frein", "thematique"))),
    Form("LiftBarrier", "Lever un frein", (PERSON, Question("thematique", "Frein", "thematique"))),
    Form(
        "HoldInterview",
        "Tenir un entretien",
        (PERSON, Question("mode", "Comment ?", "choice"), Question("minutes", "Durée, en minutes", "number")),
    ),
    Form(
        "SendReferral",
        "Réorienter vers un partenaire",
        (
            PERSON,
            Question("referral", "Identifiant de la réorientation", "made"),
            Question("partner", "Partenaire", hint="L’identifiant de l’organisation."),
            Question("thematique", "Pour quoi ?", "thematique"),
            Question("consent", "Accord de la personne", hint="La référence de son accord écrit."),
            Question("shared_fields", "Informations transmises", "several", hint="Séparées par des virgules."),
        ),
    ),
    Form(
        "FindJob",
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
    Form("EnterTraining", "Noter une entrée en formation", (PERSON, OUTCOME, Question("kind", "Formation", "choice"))),
    Form("CreateBusiness", "Noter une création d’entreprise", (PERSON, OUTCOME)),
    Form(
        "ExitJourney",
        "Terminer le parcours",
        (
            PERSON,
            Question("exit_on", "Date de sortie", "date"),
            Question("reason", "Motif", "choice"),
            Question(
                "outcomes",
                "Issues",
                "several",
                optional=True,
                hint="Leurs identifiants, séparés par des virgules, si la sortie est vers une issue.",
            ),
        ),
    ),
)
BY_COMMAND = {form.command: form for form in FORMS}


def choices(schema: type[Schema], name: str) -> list[str]:
    """What the door of the command accepts for a field."""
    field = schema().fields[name]
    checks = [check for check in field.validators if isinstance(check, validate.OneOf)]
    return [str(choice) for check in checks for choice in check.choices]


def read(form: Form, schema: type[Schema], given: Mapping[str, str]) -> dict[str, object]:
    """The data of a command from what was typed. What cannot be read is left as it is: the door says what is wrong with it."""
    typed = {question.name: given.get(question.name, "").strip() for question in form.questions}
    asked = {question.name: question for question in form.questions}
    return {name: value(asked[name], schema, text) for name, text in typed.items() if text or asked[name].kind == "several"}


def value(question: Question, schema: type[Schema], text: str) -> object:
    if question.kind == "several":
        return [part.strip() for part in text.split(",") if part.strip()]
    if isinstance(schema().fields[question.name], fields.Integer) and text.isascii() and text.isdigit():
        return int(text)
    return text
