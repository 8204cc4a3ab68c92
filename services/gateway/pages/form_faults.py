"""Under which field of a form each fault of its command stands, in the words of the form. Pure."""

from collections.abc import Iterable, Mapping

from services.gateway.pages.form_data import items_of
from services.vocabulary.french import VALIDATION
from shared.description import Form, Question
from shared.field_rules import Faults

ENVELOPE = {"time": "on", "territory": "territory"}  # fields of the command that stand under a name of the form
ONE_OF = VALIDATION.one_of.partition("{")[0]
CHOOSE = "Un des choix de la liste est attendu."


def placed(form: Form, given: Mapping[str, str], faults: Mapping[str, list[str]]) -> Faults:
    """The faults by the form's own fields; `_` has those that belong to none of them."""
    questions = {question.field: question for question in form.questions}
    found: Faults = {}
    for path, texts in faults.items():
        field, _, place = path.partition(".")
        name = field if field in questions else ENVELOPE.get(field, "_")
        found.setdefault(name, []).extend(worded(questions.get(field), place, given.get(field, ""), texts))
    return {name: list(dict.fromkeys(texts)) for name, texts in found.items()}


def worded(question: Question | None, place: str, typed: str, texts: Iterable[str]) -> list[str]:
    """The texts as a reader of the form understands them: a choice has no codes, an item of a list is named."""
    plain = [CHOOSE if question and question.kind in {"choice", "thematique"} and text.startswith(ONE_OF) else text for text in texts]
    item = item_at(place, typed) if place else ""
    return [f"« {item} » : {text}" for text in plain] if item else plain


def item_at(place: str, typed: str) -> str:
    """The item of a list at a place of it, as it was typed."""
    items, number = items_of(typed), place.partition(".")[0]
    return items[int(number)] if number.isdigit() and int(number) < len(items) else ""
