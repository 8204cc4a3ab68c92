"""French texts that belong to no single service: faults of validation, refusals of the kernel, what is forbidden."""

from collections.abc import Mapping

from services.vocabulary import survey_ticket
from services.vocabulary.accounts import LOGIN_PATTERN
from services.vocabulary.fields import (
    EMAIL_PATTERN,
    EVENT_TYPE_PATTERN,
    ID_PATTERN,
    PHONE_PATTERN,
    QPV_CODE_PATTERN,
    QUARTER_PATTERN,
    URL_PATTERN,
)
from shared.validation import ValidationTexts

VALIDATION = ValidationTexts(
    required="Ce champ est obligatoire.",
    null="Ce champ ne peut pas être vide.",
    unknown_field="Ce champ n’existe pas.",
    object_expected="Un objet est attendu.",
    malformed="Cette valeur n’a pas la forme attendue.",
    integer_expected="Un nombre entier est attendu, en chiffres.",
    number_expected="Un nombre est attendu, en chiffres.",
    day_expected="Un jour du calendrier est attendu, écrit 2024-06-30.",
    text_expected="Un texte est attendu.",
    truth_expected="Vrai ou faux est attendu.",
    list_expected="Une liste est attendue.",
    moment_expected="Une date et une heure avec leur fuseau sont attendues : 2024-03-01T10:00:00+01:00.",
    not_utf8="Ce texte n’est pas en UTF-8.",
    uuid_expected="Un identifiant UUID est attendu.",
    number_too_large="Ce nombre est trop grand.",
    one_of="Une de ces valeurs est attendue : {labels}.",
    length="Entre {min} et {max} caractères.",
    too_many_elements="Au plus {max} éléments.",
    range="Entre {min} et {max}.",
    invisible_character="Aucun caractère invisible n’est admis : ni retour à la ligne, ni tabulation, ni marque de direction.",
    in_the_future="Un fait s’enregistre après avoir eu lieu, jamais avant.",
    not_json="Ce n’est pas du JSON : {fault}.",
    unknown_territory="Ce territoire n’est pas connu.",
    patterns={
        ID_PATTERN: "Un identifiant a 64 caractères au plus : lettres sans accent, chiffres, point, tiret et tiret bas. "
        "Il commence par une lettre ou un chiffre.",
        QUARTER_PATTERN: "Un trimestre s’écrit 2024-Q2.",
        "^[A-Z][0-9]{4}$": "Un code ROME a une lettre et quatre chiffres : K1302.",
        PHONE_PATTERN: "Un numéro de téléphone s’écrit 06 01 02 03 04, ou +33 6 01 02 03 04.",
        EMAIL_PATTERN: "Une adresse électronique s’écrit nom@exemple.fr.",
        QPV_CODE_PATTERN: "Le code d’un quartier a huit lettres majuscules et chiffres.",
        EVENT_TYPE_PATTERN: "Un type d’événement s’écrit coaching.JourneyExited ; un service entier, coaching.",
        URL_PATTERN: "Une adresse s’écrit https://exemple.fr/chemin, sans nom d’utilisateur, sans # et sans caractère accentué.",
        "^[0-9a-f]{64}$": "Une empreinte a 64 chiffres hexadécimaux, comme `parcours restore` l’affiche.",
        LOGIN_PATTERN: "Un identifiant se donne comme POST /v1/login-digests le rend.",
        survey_ticket.PATTERN: "Un ticket se recopie en entier, comme il a été remis.",
    },
)

REFUSALS: Mapping[str, str] = {
    "unknown_command": "Cette commande n’existe pas.",
    "nothing_to_choose": "Rien de ce que cette étape demande n’est encore connu.",
    "followed_elsewhere": "C’est suivi sur un autre territoire que celui au nom duquel vous parlez.",
    "person_unknown": "Personne n’a encore été repéré sous cet identifiant.",
    "before_the_meeting": "Rien ne s’enregistre d’une personne avant le jour de son repérage.",
    "before_the_last_move": "La personne est suivie sur ce territoire depuis un jour plus tardif.",
    "person_merged": "Cette fiche a été réunie à une autre ({kept}) : la suite s’enregistre sur celle-là.",
    "person_erased": "Cette fiche est fermée pour effacement : rien de nouveau n’y commence.",
    "person_deceased": "Cette personne est décédée.",
    "policy_command_not_valid": "Ce que l’événement contient n’est plus admis : {faults}.",
    "idempotency_key_reused": "Une autre étape est déjà enregistrée sous cet identifiant ; celle-ci ne l’est pas. "
    "Il lui en faut un nouveau.",
    "idempotency_key_in_flight": "La même étape est en train d’être enregistrée : redemandez dans un instant avec le même identifiant.",
    "too_large": "C’est trop long pour le journal.",
    "consent_needed": "Sans l’accord de la personne, rien n’est transmis.",
}

FORBIDDEN: Mapping[str, str] = {
    "role_may_not": "Le rôle « {role} » ne permet pas cette action : {action}.",
    "not_in_territory": "{actor} n’agit pas sur le territoire « {territory} ».",
    "speaks_for_another": "Seuls les outils du programme parlent pour un autre acteur ou chargent l’histoire passée.",
    "identity_not_valid": "Cette identité n’est pas valable ici, ou ne l’est plus.",
    "changes_not_readable": "Ce qui change un chiffre n’est montré qu’à qui peut lire chaque événement compté.",
    "timeline_not_readable": "Le parcours de cette personne ne vous est pas ouvert.",
    "event_not_readable": "Cet événement ne vous est pas ouvert.",
    "session_needed": "Ouvrez une session, ou joignez un jeton à la demande.",
}
