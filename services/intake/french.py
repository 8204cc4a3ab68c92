"""What people read of intake: a sentence for each event, a text for each refusal."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.intake.coded_values import EducationLevel, Household, Registration, Sex
from services.intake.entry import ContactAttempted, EligibilityAssessed, IdentityRecorded, NoticeGiven, ProfileRecorded
from services.intake.merging import PersonsMerged, PersonsSeparated
from services.intake.orientation import OrientationAccepted, OrientationDeclined, OrientationReceived
from services.intake.person import CoachingStarted, ContactClosed, PersonIdentified, PersonKeyDestroyed, PersonTransferred
from services.vocabulary.french_format import day, readable
from shared.description import Sentence, sentence
from shared.trust.personal.marks import Sealed


def identified(event: PersonIdentified) -> str:
    where = f", quartier {event.qpv.name} (carte de {event.qpv.vintage})" if event.qpv else ""
    return f"Rencontrée {event.channel.label}{readable(event.place, ', {}')}{where}. Situation : {event.radar.label}."


def profile(event: ProfileRecorded) -> str:
    match event:
        case ProfileRecorded(sex=Sex() as sex, education_level=EducationLevel() as education, household=Household() as household):
            disability = ", handicap reconnu" if event.disability is True else ""
            registration = event.registration.label if isinstance(event.registration, Registration) else ""
            return (
                f"Profil à l’entrée : {sex.label}, naissance en {event.birth_year}{disability} ; "
                f"études : {education.label} ; foyer : {household.label} ; inscription : {registration}."
            )
        case _:
            return "Profil à l’entrée noté."


def identity(event: IdentityRecorded) -> str:
    if isinstance(event.given_name, Sealed) or isinstance(event.family_name, Sealed):
        return "Identité notée."
    born = f", naissance le {day(event.birth_date)}" if isinstance(event.birth_date, date) else ""
    reached = [value for value in (event.phone, event.email, event.address) if isinstance(value, str)]
    return f"Identité : {event.given_name} {event.family_name}{born}{''.join(f', {value}' for value in reached)}."


def erased(event: PersonKeyDestroyed) -> str:
    """What was recorded in clear, before fields were encrypted, is still readable: no text may say that everything is gone."""
    return f"La clé de la personne est détruite, {event.basis.label} : ce qu’elle protégeait ne se lit plus, et les comptes restent."


def received(event: OrientationReceived) -> str:
    return f"Orientée par {event.prescriber} ({event.kind.label}){', en urgence' if event.urgency else ''}."


SENTENCES: Mapping[type[Any], Sentence] = dict(
    (
        sentence(PersonIdentified, identified),
        sentence(ContactAttempted, lambda event: f"Tentative de contact : {event.outcome.label}."),
        sentence(
            NoticeGiven,
            lambda event: f"Information sur les données personnelles donnée {event.mode.label} (version {event.version}).",
        ),
        sentence(IdentityRecorded, identity),
        sentence(ProfileRecorded, profile),
        sentence(EligibilityAssessed, lambda event: f"Éligibilité examinée : {event.verdict.label}."),
        sentence(ContactClosed, lambda event: f"Le contact est clos : {event.reason.label}."),
        sentence(CoachingStarted, lambda event: f"{'L’' if event.rank == 1 else 'Un nouvel '}accompagnement commence."),
        sentence(PersonsMerged, lambda event: f"La fiche {event.merged} est réunie à la fiche {event.kept} : c’est la même personne."),
        sentence(
            PersonsSeparated, lambda event: f"Les fiches {event.merged} et {event.kept} sont de nouveau séparées : ce sont deux personnes."
        ),
        sentence(
            PersonTransferred,
            lambda event: f"La personne change de territoire : {event.to_territory}, et non plus {event.from_territory}.",
        ),
        sentence(PersonKeyDestroyed, erased),
        sentence(OrientationReceived, received),
        sentence(OrientationAccepted, lambda event: f"L’orientation est acceptée ; référent : {event.referent}."),
        sentence(
            OrientationDeclined,
            lambda event: f"L’orientation est déclinée : {event.reason.label}.{readable(event.proposed_action, ' Proposition : {}.')}",
        ),
    )
)

REFUSALS: Mapping[str, str] = {
    "notice_not_given": "La personne est d’abord informée de ses droits : notez l’information sur les données personnelles.",
    "person_already_identified": "Cette personne est déjà repérée.",
    "person_is_coached": "Cette personne est accompagnée : c’est la sortie du parcours qui clôt.",
    "contact_already_closed": "Ce contact est déjà clos.",
    "already_coached": "Cet accompagnement est déjà connu.",
    "not_merged": "Cette fiche n’est pas réunie à celle-là.",
    "merged_journey_exited": "Cette fiche a un parcours, et l’autre n’en a pas : c’est elle qu’il faut garder.",
    "merged_journey_open": "Cette fiche a un parcours ouvert : c’est elle qu’il faut garder, ou sa sortie qu’il faut d’abord enregistrer.",
    "journey_to_transfer": "Un parcours est ouvert : c’est lui qui change de territoire.",
    "person_already_there": "Cette personne est déjà suivie sur ce territoire.",
    "renewal_needed": "Cette personne a déjà été accompagnée : un renouvellement s’accorde d’abord.",
    "merged_into_itself": "Une fiche se réunit à une autre, pas à elle-même.",
    "derogation_and_verdict_disagree": "Une dérogation dit son motif ; les autres avis n’en ont pas.",
    "organisation_needed": "Une orientation dit quelle organisation l’envoie.",
    "record_closed": "Personne ne peut être orienté sous cet identifiant.",
    "orientation_unknown": "Cette orientation n’a pas été reçue.",
    "orientation_already_received": "Cette orientation est déjà reçue.",
    "orientation_already_answered": "Une réponse a déjà été donnée à cette orientation.",
    "before_the_orientation": "On ne répond pas à une orientation avant de l’avoir reçue.",
}
