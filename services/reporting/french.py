"""What people read of reporting: a sentence for each event, a text for each refusal."""

from collections.abc import Mapping
from typing import Any

from services.reporting.aggregates.cell_release import CellReleased
from services.reporting.aggregates.definitions import DefinitionsPublished
from services.reporting.aggregates.restoration import LogRestored
from services.reporting.aggregates.set_aside import FactSetAside, SettingAsideRequested
from services.reporting.aggregates.targets import TargetSet
from services.reporting.aggregates.tasks import RetryRefused, TaskCompleted, TaskOpened, TaskRetried
from services.vocabulary.french_format import readable
from shared.description import Sentence, sentence

SENTENCES: Mapping[type[Any], Sentence] = dict(
    (
        sentence(
            DefinitionsPublished,
            lambda event: (
                f"Les définitions des indicateurs sont publiées, version {event.version}"
                f"{f', en vigueur à partir de {event.from_quarter}' if event.from_quarter else ''}."
            ),
        ),
        sentence(
            TargetSet,
            lambda event: f"Objectif fixé : {event.value} % pour {event.indicator}, à partir de {event.from_quarter}.",
        ),
        sentence(
            CellReleased,
            lambda event: f"Un chiffre est publié par décision ({event.indicator}, {event.quarter}). Autorité : {event.authority}.",
        ),
        sentence(
            SettingAsideRequested,
            lambda event: f"Il est demandé d’écarter l’événement {event.position} ; une seconde personne décide. Motif : {event.reason}.",
        ),
        sentence(FactSetAside, lambda event: f"L’événement {event.position} est écarté : il ne compte plus. Motif : {event.reason}."),
        sentence(
            LogRestored,
            lambda event: f"Le journal est restauré jusqu’à la position {event.after} : ce qui avait été enregistré ensuite est perdu.",
        ),
        sentence(TaskOpened, lambda event: f"Une tâche est ouverte : ce qui devait suivre n’a pas pu se faire ({event.code})."),
        sentence(TaskRetried, lambda event: "Ce qui devait suivre est tenté de nouveau."),
        sentence(RetryRefused, lambda event: f"Ce qui devait suivre est refusé de nouveau ({event.code})."),
        sentence(TaskCompleted, lambda event: f"La tâche est faite{readable(event.note, ' : {}')}."),
    )
)

REFUSALS: Mapping[str, str] = {
    "definitions_unknown": "La version {version} des définitions n’est pas publiée.",
    "definitions_none": "Aucune version des définitions n’est publiée.",
    "definitions_from_a_quarter": "La première version vaut depuis le début ; une autre dit à partir de quel trimestre.",
    "target_for_the_past": "Un objectif vaut au plus tôt à partir de {quarter} : les trimestres passés gardent le leur.",
    "moment_unreadable": "« {moment} » n’est ni une position, ni un jour (2024-03-31), ni un instant.",
    "moments_reversed": "Le premier moment (position {since}) est après le second (position {until}).",
    "definitions_for_the_past": "Une version vaut au plus tôt à partir de {quarter} : les trimestres passés gardent la leur.",
    "definitions_before_the_last": "La version précédente vaut à partir de {quarter} : celle-ci ne commence pas avant.",
    "definitions_out_of_order": "La version {expected} des définitions est attendue.",
    "indicator_unknown": "« {indicator} » n’est pas un indicateur des définitions {version}.",
    "target_already_set": "Cet objectif est déjà fixé ainsi.",
    "cell_already_released": "Ce chiffre est déjà publié par une décision.",
    "event_unknown": "Aucun événement n’est à la position {position}.",
    "never_set_aside": "L’événement {position} ne peut pas être écarté : d’autres faits en dépendent.",
    "already_set_aside": "L’événement {position} est déjà écarté.",
    "setting_aside_already_requested": "Il est déjà demandé d’écarter l’événement {position}.",
    "setting_aside_not_requested": "Personne n’a demandé d’écarter l’événement {position}.",
    "needs_a_second_person": "Une seconde personne approuve : pas celle qui l’a demandé.",
    "task_unknown": "Cette tâche n’existe pas.",
    "task_already_open": "Cette tâche est déjà ouverte.",
    "task_already_completed": "Cette tâche est déjà faite.",
    "task_without_note": "Une tâche qui est faite dit ce qui a été fait.",
    "territory_unknown": "« {territory} » n’est pas un territoire du programme.",
    "quarter_out_of_range": "Les chiffres se demandent de {first} à {last}.",
    "quarter_unreadable": "« {quarter} » n’est pas un trimestre ; 2024-Q2 est attendu.",
    "side_unknown": "« {indicator} » n’a pas ce côté : {side}.",
    "generation_own": "Les tables de la version {generation} sont celles de cette version-ci.",
    "generation_unknown": "Aucune table n’est d’une version « {generation} ».",
    "generation_in_use": "Les tables de la version {generation} servent encore : un processus de cette version fonctionne.",
    "rebuild_replaced": "Une reconstruction plus récente a pris la place de celle-ci.",
}
