"""What people read of coaching: a sentence for each event, a text for each refusal."""

from collections.abc import Mapping
from typing import Any

from services.coaching.attendance import AttendanceWithdrawn, WorkshopAttended, WorkshopMissed
from services.coaching.equipment import EquipmentBoughtOut, EquipmentLent, EquipmentReturned
from services.coaching.exits import ExitCorrected, ExitNeutralised, JourneyExited, NeutralisationLifted
from services.coaching.follow_up import FollowUpCancelled, FollowUpCompleted, FollowUpScheduled, FollowUpUnreachable
from services.coaching.handover import JourneyTransferred, ReferentReplaced
from services.coaching.opening import JourneyOpened, OrientationJoined, ReferentAssigned
from services.coaching.outcomes import (
    BusinessCreated,
    CivicServiceStarted,
    IntensiveSchemeEntered,
    JobFound,
    OutcomeCorrected,
    SchoolResumed,
    TrainingEntered,
)
from services.coaching.progress import BarrierIdentified, BarrierLifted, DiagnosticCompleted, InterviewHeld
from services.coaching.renewal import RenewalDenied, RenewalGranted
from services.coaching.survey import SurveyAnswered
from services.coaching.survey_tickets import SurveyTicketIssued
from services.coaching.workshop import SeatReleased, SeatTaken, WorkshopClosed, WorkshopScheduled
from services.vocabulary.french_format import day, plural
from services.vocabulary.thematiques import label
from shared.description import Sentence, sentence


def diagnostic(event: DiagnosticCompleted) -> str:
    constraints = [f"{label(thematique)} ({constraint.label})" for thematique, constraint in sorted(event.constraints.items())]
    return f"Diagnostic partagé : {' ; '.join(constraints) or 'aucune contrainte'}."


def job(event: JobFound) -> str:
    months = f" de {event.months} mois" if event.months else ""
    hours = f", {event.weekly_hours} h par semaine" if event.weekly_hours else ""
    return f"Trouve un emploi : {event.contract.label}{months}{hours}. Justificatif : {event.evidence.label}."


def exited(event: JourneyExited | ExitCorrected) -> str:
    return f"Le parcours se termine le {day(event.exit_on)} : {event.reason.label}."


def follow_up(event: FollowUpCompleted) -> str:
    still = ", toujours dans l’issue de sa sortie" if event.still_in_outcome else ""  # without one, there may never have been any
    return f"Suivi à {event.milestone.label} {event.channel.label} : {event.situation.label}{still}."


def workshop(event: WorkshopScheduled) -> str:
    return f"Atelier « {event.kind} » prévu le {day(event.held_on)}, {plural(event.capacity, 'place')}."


def attended(event: WorkshopAttended) -> str:
    return f"Présente à un atelier ({label(event.thematique)}){', sans inscription' if event.walk_in else ''}."


def bought_out(event: EquipmentBoughtOut) -> str:
    return f"L’ordinateur est acheté pour {event.price_cents // 100},{event.price_cents % 100:02} €."


SENTENCES: Mapping[type[Any], Sentence] = dict(
    (
        sentence(
            JourneyOpened,
            lambda event: "Le parcours s’ouvre." if event.rank == 1 else f"Le parcours est renouvelé (n° {event.rank}).",
        ),
        sentence(OrientationJoined, lambda event: "Orientée à nouveau : ce prescripteur saura aussi comment le parcours se termine."),
        sentence(ReferentAssigned, lambda event: f"Référent unique : {event.referent}."),
        sentence(
            ReferentReplaced,
            lambda event: f"Nouveau référent : {event.referent}, à la place de {event.former} ({event.reason.label}).",
        ),
        sentence(
            JourneyTransferred,
            lambda event: f"Le parcours change de territoire : {event.to_territory}, et non plus {event.from_territory}.",
        ),
        sentence(DiagnosticCompleted, diagnostic),
        sentence(BarrierIdentified, lambda event: f"Frein identifié : {label(event.thematique)}."),
        sentence(BarrierLifted, lambda event: f"Frein levé : {label(event.thematique)}."),
        sentence(InterviewHeld, lambda event: f"Entretien {event.mode.label}, {event.minutes} minutes."),
        sentence(JobFound, job),
        sentence(TrainingEntered, lambda event: f"Entre en formation {event.kind.label}."),
        sentence(SchoolResumed, lambda event: "Reprend sa scolarité."),
        sentence(CivicServiceStarted, lambda event: "Commence un service civique."),
        sentence(IntensiveSchemeEntered, lambda event: f"Entre dans un dispositif intensif : {event.scheme.label}."),
        sentence(BusinessCreated, lambda event: "Crée son entreprise."),
        sentence(OutcomeCorrected, lambda event: f"Une issue est notée de nouveau ({event.why.label})."),
        sentence(JourneyExited, exited),
        sentence(ExitCorrected, lambda event: f"La sortie est corrigée ({event.why.label}). {exited(event)}"),
        sentence(
            ExitNeutralised,
            lambda event: f"La sortie est neutralisée : {event.reason.label}. Elle ne compte ni pour ni contre.",
        ),
        sentence(
            NeutralisationLifted,
            lambda event: f"La neutralisation de la sortie est levée ({event.why.label}) : la sortie compte de nouveau.",
        ),
        sentence(RenewalGranted, lambda event: "Un renouvellement est accordé."),
        sentence(RenewalDenied, lambda event: f"Le renouvellement n’est pas accordé : {event.reason.label}."),
        sentence(FollowUpScheduled, lambda event: f"Suivi à {event.milestone.label} prévu le {day(event.due_on)}."),
        sentence(FollowUpCompleted, follow_up),
        sentence(
            FollowUpUnreachable,
            lambda event: f"Suivi à {event.milestone.label} : injoignable (tentative {event.attempt}).",
        ),
        sentence(FollowUpCancelled, lambda event: f"Le suivi à {event.milestone.label} n’a plus lieu d’être."),
        sentence(WorkshopScheduled, workshop),
        sentence(SeatTaken, lambda event: "Une place est prise dans un atelier."),
        sentence(SeatReleased, lambda event: f"La place dans l’atelier est rendue : {event.reason.label}."),
        sentence(WorkshopAttended, attended),
        sentence(WorkshopMissed, lambda event: f"Absente à un atelier{', excusée' if event.excused else ''}."),
        sentence(AttendanceWithdrawn, lambda event: f"La présence notée à un atelier est annulée ({event.why.label})."),
        sentence(WorkshopClosed, lambda event: "L’atelier est clos."),
        sentence(EquipmentLent, lambda event: f"Un ordinateur est prêté jusqu’au {day(event.until)} (n° {event.serial})."),
        sentence(
            EquipmentReturned,
            lambda event: f"L’ordinateur est rendu, {'en état de marche' if event.working else 'hors service'}.",
        ),
        sentence(EquipmentBoughtOut, bought_out),
        sentence(SurveyTicketIssued, lambda event: f"Un ticket du questionnaire anonyme est remis : {event.moment.label}."),
        sentence(SurveyAnswered, lambda event: f"Une réponse anonyme au questionnaire : note {event.rating} sur 5."),
    )
)

REFUSALS: Mapping[str, str] = {
    "orientation_already_joined": "Cette orientation fait déjà partie du parcours.",
    "journey_already_open": "Un parcours est déjà ouvert pour cette personne.",
    "journey_not_open": "Aucun parcours n’est ouvert sous cet identifiant.",
    "journey_not_exited": "Ce parcours n’a pas encore de sortie.",
    "journey_reopened": "Un nouveau parcours a été ouvert depuis.",
    "journey_in_another_territory": "Ce parcours est suivi sur un autre territoire.",
    "already_in_the_territory": "Le parcours est déjà suivi sur ce territoire.",
    "already_the_referent": "Cette personne est déjà le référent.",
    "before_the_opening": "Rien ne se passe dans un parcours avant son ouverture.",
    "renewal_not_granted": "Un nouveau parcours demande un renouvellement accordé.",
    "renewal_already_granted": "Ce renouvellement est déjà accordé.",
    "before_the_last_decision": "Une décision plus récente existe déjà.",
    "before_the_last_referent": "Le référent actuel l’est devenu après ce jour.",
    "before_the_last_transfer": "Le parcours est arrivé sur ce territoire après ce jour.",
    "renewal_before_exit": "Un renouvellement se décide après la sortie.",
    "barrier_already_identified": "Ce frein est déjà identifié, et pas encore levé.",
    "barrier_not_identified": "On ne lève qu’un frein qui a été identifié.",
    "before_the_identification": "On ne lève pas un frein avant de l’avoir identifié.",
    "before_the_lift": "Un frein levé s’identifie de nouveau le jour où il a été levé, ou après.",
    "outcome_already_known": "Une issue porte déjà cet identifiant. Pour la corriger, dites pourquoi.",
    "outcome_not_recorded": "Aucune issue enregistrée ne porte cet identifiant.",
    "outcome_of_another_journey": "Cette issue est celle d’un autre parcours : notez-en une nouvelle.",
    "outcome_named_by_an_exit": "Une sortie nomme cette issue : corrigez d’abord la sortie.",
    "before_the_outcome": "Une issue évolue après le jour où elle a commencé.",
    "outcome_unknown": "Une sortie ne nomme que des issues enregistrées dans le même parcours.",
    "outcome_named_twice": "Une sortie nomme chaque issue une seule fois.",
    "outcome_without_reason": "Une sortie qui nomme des issues a pour motif : vers une issue.",
    "exit_without_outcome": "Une sortie vers une issue en nomme au moins une.",
    "months_missing": "Un CDD ou une mission d’intérim dit combien de mois il dure.",
    "exit_before_opening": "Un parcours se termine le jour de son ouverture, ou après.",
    "months_without_end": "Un CDI n’a pas de durée.",
    "exit_after_recording": "Une sortie s’enregistre quand elle a eu lieu, pas avant.",
    "exit_before_its_outcome": "Une sortie ne nomme que des issues atteintes avant elle. Les suivantes comptent sans être nommées.",
    "exit_before_a_fact": "Un fait de ce parcours est daté après cette sortie.",
    "exit_after_the_renewal": "Un parcours se termine avant que le suivant s’ouvre.",
    "ticket_is_handed_out": "Un ticket se demande à l’adresse /v1/survey-tickets, qui le remet.",
    "exit_neutralised": "Cette sortie est neutralisée : levez d’abord la neutralisation.",
    "exit_not_neutralised": "Cette sortie n’est pas neutralisée.",
    "neutral_by_its_reason": "C’est le motif de la sortie qui la neutralise : corrigez le motif.",
    "before_the_neutralisation": "On ne lève pas une neutralisation avant qu’elle ait été décidée.",
    "correction_without_change": "C’est déjà ce qui est enregistré.",
    "not_the_exit_date": "Ce n’est pas la date de sortie de ce parcours.",
    "follow_ups_already_scheduled": "Les suivis à 3 et 6 mois sont déjà prévus.",
    "follow_up_not_scheduled": "Ce suivi n’est pas prévu.",
    "follow_up_already_completed": "Ce suivi est déjà fait.",
    "follow_up_too_early": "Il est trop tôt : un suivi se fait au plus tôt quinze jours avant son échéance.",
    "before_the_last_attempt": "Une tentative plus récente est déjà notée.",
    "workshop_unknown": "Cet atelier n’est pas prévu.",
    "workshop_already_scheduled": "Cet atelier est déjà prévu.",
    "workshop_full": "Toutes les places sont prises.",
    "workshop_closed": "Cet atelier est clos.",
    "workshop_not_held_yet": "Cet atelier n’a pas encore eu lieu.",
    "seat_already_taken": "Cette personne a déjà une place.",
    "seat_not_taken": "Cette personne n’a pas de place dans cet atelier.",
    "seats_unresolved": "Un atelier se clôt quand on sait, pour chaque place, si la personne est venue.",
    "not_a_walk_in": "Cette personne avait une place : sa venue n’est pas spontanée.",
    "attendance_already_recorded": "La présence de cette personne est déjà notée.",
    "attendance_not_recorded": "La présence de cette personne n’est pas notée.",
    "attendance_on_another_day": "La présence se note à la date de l’atelier.",
    "workshop_over": "Une place se prend ou se rend au plus tard le jour de l’atelier.",
    "before_the_seat": "Une place ne se rend pas avant d’avoir été prise.",
    "before_the_release": "Une place rendue se reprend le jour où elle a été rendue, ou après.",
    "before_the_return": "Cet ordinateur a été rendu après ce jour.",
    "equipment_not_available": "Cet ordinateur est prêté ou vendu.",
    "equipment_not_lent": "Cet ordinateur n’est pas prêté.",
    "loan_without_duration": "Un prêt se termine après le jour où il commence.",
    "before_the_loan": "Rien n’arrive à un prêt avant qu’il commence.",
    "buyer_is_not_borrower": "Seule la personne qui l’a emprunté peut l’acheter.",
    "survey_already_answered": "Une réponse a déjà été donnée avec ce ticket.",
    "survey_ticket_already_issued": "Un ticket a déjà été remis pour ce moment.",
    "survey_ticket_too_early": "Ce ticket se remet à la sortie, ou au plus tôt quinze jours avant les 3 ou 6 mois.",
    "domain_named_twice": "Chaque domaine de vie se nomme une seule fois.",
}
