"""Examples of responses: of the shape that their schema says, with values that occur in the programme."""

from typing import Any

from services.gateway.rate_limit import TOO_MANY

Schema = dict[str, Any]

BY_NAME = {
    "id": "9cda63ef-bbdb-5249-8678-110d301b27d6",
    "person": "p-2024-0153",
    "records": "p-2024-0153",
    "territory": "alencon",
    "followed_in": "alencon",
    "opened_in": "alencon",
    "quarter": "2024-Q2",
    "referent": "coach-1",
    "partner": "mission-locale",
    "prescriber": "ccas-alencon",
    "indicator": "positive_rate",
    "thematique": "mobilite--acceder-a-un-vehicule",
    "specversion": "1.0",
    "datacontenttype": "application/json",
    "type": "fr.parcours.intake.PersonIdentified",
    "source": "/parcours/intake",
    "subject": "person-p-2024-0153",
    "dataschema": "urn:parcours:intake.PersonIdentified:2",
    "kind": "intake.PersonIdentified",
    "stream": "person-p-2024-0153",
    "command": "IdentifyPerson",
    "action": "IdentifyPerson",
    "address": "/v1/commands/IdentifyPerson",
    "reason": "Cette personne est déjà repérée.",
    "code": "RUE",
    "label": "dans la rue",
    "on": "2024-05-13",
    "since": "2024-05-13",
    "recorded": "2024-05-13T09:12:44.120000+00:00",
    "projection": "reporting",
    "service": "coaching",
    "queue": "coaching.dead",
    "state_label": "à jour",
    "fault_label": "5 essais en échec (IntegrityError).",
    "fault": "IntegrityError",
    "as_of": "2024-05-13T09:12:44.120000+00:00",
    "stopped_at": "2024-05-13T09:12:45.310000+00:00",
    "first_failed_at": "2024-05-13T09:12:44.120000+00:00",
    "last_failed_at": "2024-05-13T09:12:45.310000+00:00",
    "ticket": "un-bon-de-reponse",
    "account": "nadia",
    "grant": "coach-alencon",
    "login": f"email:{'0f' * 32}",
    "logins": f"email:{'0f' * 32}",
    "accounts": "nadia",
    "token": "un-jeton-signe",
}
BY_MEMBER = {
    "Actor.id": "coach-1",
    "Actor.organisation": "etape",
    "Actor.role": "coach",
    "Answer.command": BY_NAME["id"],
    "Answer.events": "PersonIdentified",
    "Answer.secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "DeadLetterLine.type": "fr.parcours.coaching.JourneyExited",
    "Declaration.id": "positive_rate",
    "Declaration.label": "Sorties positives",
    "Event.actorid": "coach-1",
    "Event.actorrole": "coach",
    "Event.actororganisation": "etape",
    "Evidence.side": "numerator",
    "Fact.fact": "coaching.JourneyExited",
    "JourneyState.orientation": "o-2024-0031",
    "LoanLine.serial": "PC-0042",
    "Me.role_label": "coach",
    "NextCommand.code": "already_identified",
    "NextCommand.service": "intake",
    "NextCommand.title": "Repérer une personne",
    "OrientationLine.kind": "MISSION_LOCALE",
    "OrientationLine.orientation": "o-2024-0031",
    "OrientationLine.reason": "DEJA_SUIVI",
    "OutcomeState.outcome": "emploi-1",
    "OutcomeState.quality": "CDI",
    "ExitState.reason": "OUTCOME",
    "ExitState.neutralised": "DEMENAGEMENT",
    "ExitState.outcomes": "emploi-1",
    "DiagnosticLevel.level": "OUI",
    "FollowUpState.milestone": "M3",
    "PersonIdentity.given_name": "Awa",
    "PersonIdentity.family_name": "Diallo",
    "PersonIdentity.birth_date": "1998-02-03",
    "PersonIdentity.phone": "06 00 00 00 00",
    "PersonIdentity.email": "awa.diallo@example.org",
    "PersonIdentity.address": "2 rue de l’Exemple, 61000 Alençon",
    "PersonState.channel": "RUE",
    "PersonState.radar": "NON_INSCRIT",
    "PartnerLine.label": "Mission locale d’Alençon",
    "Permission.label": "Repérer une personne",
    "Permission.scope": "territory",
    "ProgrammeAnswer.id": "mon-quartier-ma-solution",
    "ProgrammeAnswer.label": "Mon qu@rtier, ma solution",
    "Quarter.id": "2024-Q2",
    "DefinitionsVersion.from_quarter": "2024-Q3",
    "ReferralLine.referral": "r-2024-0107",
    "ReferralLine.result": "ENTREE_EN_FORMATION",
    "SeatState.status": "ATTENDED",
    "SeatState.workshop": "w-2024-012",
    "TaskEntry.code": "journey_not_open",
    "TaskEntry.kind": "referrals.ReferralCompleted",
    "TerritoryEntry.id": "alencon",
    "TerritoryEntry.label": "Alençon",
    "TimelineLine.sentence": "Rencontrée dans la rue, Marché.",
    "TrendPoint.quarter": "2024-Q2",
    "WorkshopLine.kind": "atelier-numerique",
    "WorkshopLine.workshop": "w-2024-012",
}
"""Values of members whose name says less than the schema that has them."""
BY_FORMAT = {"date": "2024-05-13", "date-time": "2024-05-13T09:12:44Z", "uuid": BY_NAME["id"]}
PROBLEMS: dict[str, Schema] = {
    "400": {"code": "unreadable", "title": "Demande illisible", "detail": "limit : Un nombre entier est attendu, de 1 à 1000."},
    "401": {"code": "unauthenticated", "title": "Qui demande ?", "detail": "Ouvrez une session, ou joignez un jeton à la demande."},
    "403": {"code": "forbidden", "title": "Ce n’est pas permis à ce rôle, ou pas sur ce territoire", "reason": "not_in_territory"},
    "404": {"code": "not_found", "title": "Rien à cette adresse"},
    "409": {"code": "journey_not_open", "title": "Les règles du programme ne le permettent pas"},
    "413": {"code": "too_large", "title": "Demande trop longue"},
    "414": {"code": "too_large", "title": "Adresse trop longue"},
    "415": {"code": "unsupported", "title": "Cette forme de demande n’est pas lue ici"},
    "422": {"code": "invalid", "title": "Certains champs sont à reprendre", "faults": {"person": ["Ce champ est obligatoire."]}},
    "429": {"code": "too_many_requests", "title": TOO_MANY, "detail": "Rien n’a été fait. Revenez dans un instant."},
    "500": {"code": "unforeseen", "title": "Une erreur que personne n’attendait"},
    "503": {"code": "unavailable", "title": "Une partie du système ne répond pas pour l’instant.", "retry": "same_id"},
}
TEXTS = {
    "text/event-stream": 'id: 42\ndata: {"specversion":"1.0","id":"reporting.FiguresChanged/alencon/42","source":"/parcours/reporting",'
    '"type":"fr.parcours.reporting.FiguresChanged","territory":"alencon","position":42}\n\n',
    "application/x-ndjson": '{"accepted":{"stream":"person-p-1","version":0,"position":42,"events":["PersonIdentified"]}}\n',
}


def with_examples(document: Schema) -> Schema:
    """The document, with an example beside each schema of a response."""
    components = document["components"]["schemas"]
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                for media_type, content in response.get("content", {}).items():
                    content["example"] = TEXTS.get(media_type) or response_example(str(status), content["schema"], components)
    return document


def response_example(status: str, schema: Schema, components: Schema) -> Any:
    if status in PROBLEMS:
        problem = PROBLEMS[status]
        return {"type": f"urn:parcours:problem:{problem['code']}", "status": int(status), **problem}
    return example(schema, components)


def example(schema: Schema, components: Schema, name: str = "", owner: str = "") -> Any:
    """A value that the schema admits; `name` is that of the member that has it, `owner` that of the component with the member."""
    if "$ref" in schema:
        referred = schema["$ref"].rpartition("/")[2]
        return example(components[referred], components, name, referred)
    if "anyOf" in schema:
        return example(schema["anyOf"][0], components, name, owner)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {key: example(inner, components, key, owner) for key, inner in schema.get("properties", {}).items()}
        case "array":
            return [example(schema["items"], components, name, owner)] if "items" in schema else []
        case "string":
            return BY_FORMAT.get(schema.get("format", "")) or BY_MEMBER.get(f"{owner}.{name}") or BY_NAME.get(name, "un texte")
        case "integer" | "number":
            return max(schema.get("minimum", 0), 1)
        case "boolean":
            return True
        case _:
            return None
