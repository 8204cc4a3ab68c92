"""People read words, not codes: who may not do what, what went wrong, which form a value has."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import inspect

from services.bootstrap.permissions import READS
from services.bootstrap.registry import SERVICES
from services.gateway.labels import names_of
from services.gateway.operations import PROBLEMS
from services.gateway.pages.french import STATUSES
from services.vocabulary.french import VALIDATION
from tests.browser.history import READERS
from tests.browser.test_truth import text
from tests.harness.world import World

FORMS = [form.command.__name__ for service in SERVICES.values() for form in service.forms]


PATHS = ("/taches", "/coter/argentan/2024-Q2", "/saisie/HoldInterview", "/parcours/p-1", "/evenement/1", "/nowhere")
CODES = re.compile(r"\b(read_\w+|not_\w+|forbidden|[A-Z][a-z]+[A-Z]\w+)\b|« (partner|committee|funder|prescriber|auditor|dpo) »")


@pytest.mark.parametrize("reader", [name for name, reader in READERS.items() if reader["role"]])
@pytest.mark.parametrize("path", PATHS)
def test_a_page_of_a_problem_has_no_code(world: World, reader: str, path: str) -> None:
    status = world.get(path, headers={"Accept": "text/html"}, **READERS[reader]).status_code
    page = text(world, path, **READERS[reader])
    assert status < 400 or CODES.findall(page) == []


def test_who_may_not_is_told_so_in_french(world: World) -> None:
    page = text(world, "/taches", role="partner")
    assert "Erreur 403 : accès refusé" in page
    assert "Le rôle « partenaire » ne permet pas cette action : lire ce qui reste à faire." in page
    assert "le territoire « Argentan »" in text(world, "/coter/argentan/2024-Q2", territories=("alencon",))


def test_whatever_a_page_does_has_a_french_name() -> None:
    names = names_of(SERVICES.values())
    assert {*READS, *FORMS, "RetryTask", "CompleteTask"} <= names.keys()
    assert {role for service in SERVICES.values() for roles in service.permissions.values() for role in roles} <= names.keys()


def patterns(shape: inspect.Type) -> Iterator[str]:
    match shape:
        case inspect.StrType(pattern=str(pattern)):
            yield pattern
        case inspect.Metadata(type=inner) | inspect.ListType(item_type=inner) | inspect.FrozenSetType(item_type=inner):
            yield from patterns(inner)
        case inspect.DictType(key_type=key, value_type=value):
            yield from (*patterns(key), *patterns(value))
        case inspect.UnionType(types=types):
            for each in types:
                yield from patterns(each)
        case inspect.StructType(fields=fields):
            for field in fields:
                yield from patterns(field.type)


def test_every_form_of_a_text_is_told() -> None:
    commands: list[Any] = [command for service in SERVICES.values() for command in service.commands.values()]
    assert {pattern for command in commands for pattern in patterns(inspect.type_info(command))} == VALIDATION.patterns.keys()


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("person", "Amélie", "lettres sans accent, chiffres, point, tiret et tiret bas"),
        ("minutes", "une heure", "Un nombre entier est attendu"),
        ("mode", "PIGEON", "Un des choix de la liste est attendu."),
    ],
)
def test_a_fault_says_which_form_is_expected(world: World, field: str, value: str, told: str) -> None:
    sent = {"id": "00000000-0000-4000-8000-000000000001", "person": "p-1", "mode": "VISIO", "minutes": "30", "territory": "alencon"}
    answer = world.ask("POST", "/saisie/HoldInterview", data=sent | {field: value})
    assert told in answer.text


def test_every_status_of_a_problem_has_words() -> None:
    assert {int(status) for status in PROBLEMS} <= STATUSES.keys()
