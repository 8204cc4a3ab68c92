"""Every form, with every field wrong: the fault stands under its field, and nothing that was typed is lost."""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from services.bootstrap.registry import SERVICES
from services.gateway.pages.form_data import choices_of
from services.vocabulary import thematiques
from shared.description import Form, Question
from tests.browser.form_reader import FormReader
from tests.browser.history import must
from tests.harness.world import World

FORMS = {form.command.__name__: form for service in SERVICES.values() for form in service.forms}
INVISIBLE = "a\u200bb"
WRONG: dict[str, tuple[str, ...]] = {
    "text": (INVISIBLE,),
    "number": ("-4", "many", "9" * 30),
    "choice": ("", "NOTHING"),
    "date": ("2999-01-01", "27/11/2026"),
    "generated_id": ("é é",),
    "thematique": ("nothing",),
    "list": (f"ok-1, {INVISIBLE}",),
    "recorded": (f"ok-1, {INVISIBLE}",),
    "partner": ("", "é é"),
}
RIGHT = {"phone": "06 01 02 03 04", "email": "awa@example.org"}
DAYS = ("2999-01-01", "1990-01-01", "27/11/2026", "2024-02-31")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(Path(tmp_path_factory.mktemp("forms")))


def right(world: World, form: Form, question: Question) -> str:
    name = form.command.__name__
    match question.kind:
        case "choice":
            return choices_of(world.deps.schemas[world.app.sender.owner[name]][name], question.field)[0]
        case "number":
            return "30"
        case "date":
            return "1990-02-03" if question.field == "birth_date" else "2024-06-30"
        case "text" if question.field in RIGHT:
            return RIGHT[question.field]
        case "thematique":
            return next(iter(thematiques.LABELS))
        case _:
            return f"{question.field}-1"


def filled(world: World, form: Form) -> dict[str, str]:
    answers = {question.field: right(world, form, question) for question in form.questions}
    return answers | {"id": str(uuid4()), "on": "2024-06-30", "territory": "alencon"}


def cases() -> Iterator[tuple[str, str, str]]:
    for name, form in FORMS.items():
        for question in form.questions:
            yield from ((name, question.field, wrong) for wrong in WRONG[question.kind])
        yield from ((name, "on", day) for day in DAYS)
        yield name, "territory", "nowhere"


def sent(world: World, form: Form, answers: dict[str, str]) -> FormReader:
    answer = world.ask("POST", f"/saisie/{form.command.__name__}", data=answers)
    assert answer.status_code == 422, answer.text
    return FormReader(answer.text)


@pytest.mark.parametrize(("name", "field", "value"), list(cases()))
def test_a_fault_stands_under_its_field_and_nothing_is_lost(world: World, name: str, field: str, value: str) -> None:
    form = FORMS[name]
    answers = filled(world, form) | {field: value}
    page = sent(world, form, answers)
    assert page.fault_under(field)
    assert list(page.faults) == [f"faute-{field}"]
    typed = {name: answer for name, answer in answers.items() if answer}
    assert {name: ", ".join(page.fields[name].values) for name in typed} == typed


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("day", DAYS)
def test_all_faults_are_told_at_once(world: World, form: Form, day: str) -> None:
    answers = filled(world, form) | {question.field: WRONG[question.kind][0] for question in form.questions} | {"on": day}
    page = sent(world, form, answers)
    assert [name for name in answers if name not in {"id", "territory"} and not page.fault_under(name)] == []


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_fault_names_no_field_and_no_code_of_the_programme(world: World, form: Form) -> None:
    answers = filled(world, form) | {question.field: WRONG[question.kind][-1] for question in form.questions} | {"on": DAYS[0]}
    texts = " ".join(text for _, text in sent(world, form, answers).faults.values())
    names = {*(question.field for question in form.questions), "time"}
    assert [name for name in names if re.search(rf"\b{name}(\.\d+)? ?:", texts)] == []
    assert not re.search(r"\b[A-Z]+_[A-Z_]+\b", texts)


def test_an_item_of_a_list_is_named_by_what_was_typed(world: World) -> None:
    form = FORMS["SendReferral"]
    page = sent(world, form, filled(world, form) | {"shared_fields": f"téléphone, {INVISIBLE}"})
    assert f"« {INVISIBLE} » : " in page.fault_under("shared_fields")


def test_a_note_that_cannot_be_recorded_is_kept_with_its_fault(world: World) -> None:
    opened = {"policy": "a policy", "cause": 1, "kind": "intake.OrientationAccepted", "code": "person_unknown", "details": {}}
    must(world, "OpenTask", {"task": "t-1", **opened}, day="05-17", role="system")
    for note in ("x" * 501, INVISIBLE):
        task = {"button": "done", "task": "t-1", "territory": "alencon", "id": str(uuid4()), "note": note}
        page = FormReader(world.ask("POST", "/taches", data=task).text)
        assert page.fields["note"].values == [note]
        assert page.fields["note"].wrong
        assert page.faults["faute-note-1"][0] == page.fields["note"].question
        assert page.faults["faute-note-1"][1]
        assert task["id"] in page.fields["id"].values


LOGIN = {"actor": "coach-1", "role": "coach", "organisation": "etape", "territories": "alencon"}


@pytest.mark.parametrize(
    ("field", "value"), [("actor", ""), ("actor", INVISIBLE), ("role", "nobody"), ("organisation", "x" * 65), ("territories", INVISIBLE)]
)
def test_a_fault_of_the_login_stands_under_its_field(world: World, field: str, value: str) -> None:
    answers = LOGIN | {field: value}
    headers = {"Origin": "http://127.0.0.1:8000"}
    answer = world.ask("POST", "/connexion", role=None, data=answers, headers=headers)
    assert answer.status_code == 422
    page = FormReader(answer.text.partition("Ou plus précisément")[2])
    assert page.faults[f"faute-{field}"][1]
    assert all(page.fields[name].values == [value] for name, value in answers.items() if value and name != "territories")
    assert field == "territories" or page.fields["territories"].values == ["alencon"]
    assert field == "territories" or page.fault_under(field)
    assert f"{field}:" not in answer.text
