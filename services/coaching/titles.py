"""What people read of each command of coaching: its title, as on a button."""

from collections.abc import Mapping
from typing import Any

from services.coaching.attendance import AttendWorkshop, MissWorkshop, WithdrawAttendance
from services.coaching.equipment import BuyOutEquipment, LendEquipment, ReturnEquipment
from services.coaching.exits import CorrectExit, ExitJourney, LiftNeutralisation, NeutraliseExit
from services.coaching.follow_up import CompleteFollowUp, RecordUnreachable, ScheduleFollowUps
from services.coaching.handover import ReplaceReferent, TransferJourney
from services.coaching.opening import JoinOrientation, OpenJourney
from services.coaching.outcomes import CreateBusiness, EnterIntensiveScheme, EnterTraining, FindJob, ResumeSchool, StartCivicService
from services.coaching.progress import CompleteDiagnostic, HoldInterview, IdentifyBarrier, LiftBarrier
from services.coaching.renewal import DenyRenewal, GrantRenewal
from services.coaching.survey import AnswerSurvey
from services.coaching.survey_tickets import IssueSurveyTicket
from services.coaching.workshop import CloseWorkshop, ReleaseSeat, ScheduleWorkshop, TakeSeat

TITLES: Mapping[type[Any], str] = {
    OpenJourney: "Ouvrir un parcours",
    JoinOrientation: "Rattacher l’orientation au parcours",
    ReplaceReferent: "Changer de référent",
    TransferJourney: "Passer le parcours à un autre territoire",
    CompleteDiagnostic: "Terminer le diagnostic",
    IdentifyBarrier: "Identifier un frein",
    LiftBarrier: "Lever un frein",
    HoldInterview: "Tenir un entretien",
    FindJob: "Noter un emploi",
    EnterTraining: "Noter une entrée en formation",
    ResumeSchool: "Noter un retour à l’école",
    StartCivicService: "Noter un service civique",
    EnterIntensiveScheme: "Noter une entrée en dispositif intensif",
    CreateBusiness: "Noter une création d’entreprise",
    ExitJourney: "Terminer le parcours",
    CorrectExit: "Corriger la sortie",
    NeutraliseExit: "Neutraliser la sortie",
    LiftNeutralisation: "Lever la neutralisation de la sortie",
    ScheduleFollowUps: "Prévoir les suivis",
    CompleteFollowUp: "Noter un suivi",
    RecordUnreachable: "Noter que la personne n’a pas été jointe",
    GrantRenewal: "Accorder le renouvellement",
    DenyRenewal: "Refuser le renouvellement",
    IssueSurveyTicket: "Remettre un billet d’enquête",
    ScheduleWorkshop: "Prévoir un atelier",
    TakeSeat: "Inscrire à un atelier",
    ReleaseSeat: "Libérer une place d’atelier",
    AttendWorkshop: "Noter une présence à un atelier",
    MissWorkshop: "Noter une absence à un atelier",
    WithdrawAttendance: "Retirer une présence notée par erreur",
    CloseWorkshop: "Clore un atelier",
    LendEquipment: "Prêter un ordinateur",
    ReturnEquipment: "Noter le retour d’un ordinateur",
    BuyOutEquipment: "Noter le rachat d’un ordinateur",
    AnswerSurvey: "Répondre à l’enquête",
}
