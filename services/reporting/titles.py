"""What people read of each command of reporting: its title, as on a button."""

from collections.abc import Mapping
from typing import Any

from services.reporting.aggregates.cell_release import ReleaseCell
from services.reporting.aggregates.definitions import PublishDefinitions
from services.reporting.aggregates.restoration import RecordRestoration
from services.reporting.aggregates.set_aside import ApproveSettingAside, SetFactAside
from services.reporting.aggregates.targets import SetTarget
from services.reporting.aggregates.tasks import CompleteTask, OpenTask, RefuseRetry, RetryTask

TITLES: Mapping[type[Any], str] = {
    PublishDefinitions: "Publier les définitions des indicateurs",
    SetTarget: "Fixer un objectif",
    ReleaseCell: "Lever le masque d’un chiffre",
    OpenTask: "Ouvrir une tâche",
    RetryTask: "Essayer de nouveau ce qui reste à faire",
    RefuseRetry: "Noter que l’essai a été refusé",
    CompleteTask: "Dire qu’une tâche est faite",
    SetFactAside: "Demander d’écarter un fait",
    ApproveSettingAside: "Approuver qu’un fait soit écarté",
    RecordRestoration: "Noter que le journal a été restauré",
}
