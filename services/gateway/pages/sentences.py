"""Each event in one French sentence, as a coach would say it. Pure: an event kind and its data in, a sentence out."""

from collections.abc import Callable, Mapping
from typing import Any

from services.gateway.pages.french import day, plural
from services.gateway.pages.words import said

Data = Mapping[str, Any]
MERGED = "Deux fiches sont réunies : celle-ci compte désormais avec l’autre."


def identified(data: Data) -> str:
    qpv = data.get("qpv")
    where = f", quartier {qpv['name']} (carte de {qpv['vintage']})" if qpv else ""
    return f"Rencontrée {said(data['channel'])}, {data['place']}{where}. Situation : {said(data['radar'])}."


def profile(data: Data) -> str:
    handicap = ", handicap reconnu" if data["disability"] else ""
    return (
        f"Profil à l’entrée : {said(data['sex'])}, naissance en {data['birth_year']}{handicap} ; "
        f"études : {said(data['education_level'])} ; foyer : {said(data['household'])} ; inscription : {said(data['registration'])}."
    )


def constraints(data: Data) -> str:
    told = [f"{said(name)} ({said(state)})" for name, state in sorted(data["constraints"].items())]
    return f"Diagnostic partagé : {' ; '.join(told) or 'aucune contrainte'}."


def job(data: Data) -> str:
    months = f" de {data['months']} mois" if data.get("months") else ""
    hours = f", {data['weekly_hours']} h par semaine" if data.get("weekly_hours") else ""
    return f"Trouve un emploi : {said(data['contract'])}{months}{hours}. Justificatif : {said(data['evidence'])}."


def exited(data: Data) -> str:
    reason = "vers une issue" if data["reason"] == "OUTCOME" else said(data["reason"])
    return f"Le parcours se termine le {day(data['exit_on'])} : {reason}."


def follow_up(data: Data) -> str:
    kept = "toujours dans son issue" if data["still_in_outcome"] else "n’est plus dans son issue"
    return f"Suivi à {said(data['milestone'])} {said(data['channel'])} : {said(data['situation'])}, {kept}."


def survey(data: Data) -> str:
    return f"Une réponse anonyme au questionnaire : note {data['rating']} sur 5."


Sentence = Callable[[Data], str]

SENTENCES: Mapping[str, Sentence] = {
    "intake.PersonIdentified": identified,
    "intake.ContactAttempted": lambda d: f"Tentative de contact : {said(d['outcome'])}.",
    "intake.NoticeGiven": lambda d: f"Information sur les données personnelles donnée {said(d['mode'])} (version {d['version']}).",
    "intake.ProfileRecorded": profile,
    "intake.EligibilityAssessed": lambda d: f"Éligibilité examinée : {said(d['verdict'])}.",
    "intake.ContactClosed": lambda d: f"Le contact est clos : {said(d['reason'])}.",
    "intake.CoachingStarted": lambda d: "L’accompagnement commence." if d["rank"] == 1 else "Un nouvel accompagnement commence.",
    "intake.PersonsMerged": lambda d: MERGED,
    "intake.PersonKeyDestroyed": lambda d: f"Les données personnelles sont effacées : {said(d['basis'])}.",
    "intake.OrientationReceived": lambda d: f"Orientée par {d['prescriber']} ({said(d['kind'])}){', en urgence' if d['urgency'] else ''}.",
    "intake.OrientationAccepted": lambda d: f"L’orientation est acceptée ; référent : {d['referent']}.",
    "intake.OrientationDeclined": lambda d: f"L’orientation est déclinée : {said(d['reason'])}. Proposition : {d['proposed_action']}.",
    "coaching.JourneyOpened": lambda d: "Le parcours s’ouvre." if d["rank"] == 1 else f"Le parcours est renouvelé (n° {d['rank']}).",
    "coaching.ReferentAssigned": lambda d: f"Référent unique : {d['referent']}.",
    "coaching.ReferentReplaced": lambda d: f"Nouveau référent : {d['referent']}, à la place de {d['former']} ({said(d['reason'])}).",
    "coaching.JourneyTransferred": lambda d: f"Le parcours passe de {d['from_territory']} à {d['to_territory']}.",
    "coaching.DiagnosticCompleted": constraints,
    "coaching.BarrierIdentified": lambda d: f"Frein identifié : {said(d['thematique'])}.",
    "coaching.BarrierLifted": lambda d: f"Frein levé : {said(d['thematique'])}.",
    "coaching.InterviewHeld": lambda d: f"Entretien {said(d['mode'])}, {d['minutes']} minutes.",
    "coaching.JobFound": job,
    "coaching.TrainingEntered": lambda d: f"Entre en formation {said(d['kind'])}.",
    "coaching.SchoolResumed": lambda d: "Reprend sa scolarité.",
    "coaching.CivicServiceStarted": lambda d: "Commence un service civique.",
    "coaching.IntensiveSchemeEntered": lambda d: f"Entre dans un dispositif intensif : {said(d['scheme'])}.",
    "coaching.BusinessCreated": lambda d: "Crée son entreprise.",
    "coaching.JourneyExited": exited,
    "coaching.ExitCorrected": lambda d: f"La sortie est corrigée ({said(d['why'])}). {exited(d)}",
    "coaching.ExitNeutralised": lambda d: f"La sortie est neutralisée : {said(d['reason'])}. Elle ne compte ni pour ni contre.",
    "coaching.RenewalGranted": lambda d: "Un renouvellement est accordé.",
    "coaching.RenewalDenied": lambda d: f"Le renouvellement n’est pas accordé : {said(d['reason'])}.",
    "coaching.FollowUpScheduled": lambda d: f"Suivi à {said(d['milestone'])} prévu le {day(d['due_on'])}.",
    "coaching.FollowUpCompleted": follow_up,
    "coaching.FollowUpUnreachable": lambda d: f"Suivi à {said(d['milestone'])} : injoignable (tentative {d['attempt']}).",
    "coaching.FollowUpCancelled": lambda d: f"Le suivi à {said(d['milestone'])} n’a plus lieu d’être.",
    "coaching.WorkshopScheduled": lambda d: f"Atelier « {d['kind']} » prévu le {day(d['held_on'])}, {plural(d['capacity'], 'place')}.",
    "coaching.SeatTaken": lambda d: "Une place est prise dans un atelier.",
    "coaching.SeatReleased": lambda d: f"La place dans l’atelier est rendue : {said(d['reason'])}.",
    "coaching.WorkshopAttended": lambda d: (
        f"Présente à un atelier ({said(d['thematique'])}){', sans inscription' if d['walk_in'] else ''}."
    ),
    "coaching.WorkshopMissed": lambda d: f"Absente à un atelier{', excusée' if d['excused'] else ''}.",
    "coaching.WorkshopClosed": lambda d: "L’atelier est clos.",
    "coaching.EquipmentLent": lambda d: f"Un ordinateur est prêté jusqu’au {day(d['until'])} (n° {d['serial']}).",
    "coaching.EquipmentReturned": lambda d: f"L’ordinateur est rendu, {'en état de marche' if d['working'] else 'hors service'}.",
    "coaching.EquipmentBoughtOut": lambda d: f"L’ordinateur est acheté pour {d['price_cents'] // 100},{d['price_cents'] % 100:02} €.",
    "coaching.SurveyAnswered": survey,
    "referrals.ReferralSent": lambda d: f"Réorientée vers {d['partner']} : {said(d['thematique'])}.",
    "referrals.ReferralWithdrawn": lambda d: f"La réorientation vers {d['partner']} est retirée : {said(d['reason'])}.",
    "referrals.ReferralSeen": lambda d: f"{d['partner']} a pris connaissance de la réorientation.",
    "referrals.ReferralAccepted": lambda d: f"{d['partner']} accepte la réorientation.",
    "referrals.ReferralDeclined": lambda d: f"{d['partner']} décline la réorientation : {said(d['reason'])}.",
    "referrals.ReferralCompleted": lambda d: f"La réorientation vers {d['partner']} est terminée : {said(d['result'])}.",
    "referrals.PartnerListed": lambda d: f"{d['label']} entre dans l’annuaire des partenaires.",
    "referrals.PrescriberInformed": lambda d: f"{d['prescriber']} est informé : {said(d['milestone'])}.",
    "reporting.DefinitionsPublished": lambda d: f"Les définitions des indicateurs sont publiées, version {d['version']}.",
    "reporting.TargetSet": lambda d: f"Objectif fixé : {d['value']} % pour {d['indicator']}, à partir de {d['from_quarter']}.",
    "reporting.CellReleased": lambda d: (
        f"Un chiffre est publié par décision ({d['indicator']}, {d['quarter']}). Autorité : {d['authority']}."
    ),
}


def sentence(kind: str, data: Data) -> str:
    """An event kind that has no sentence yet is named."""
    return SENTENCES[kind](data) if kind in SENTENCES else f"{kind}."
