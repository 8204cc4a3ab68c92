"""From what was typed in a form to the data of its command. Pure."""

from collections.abc import Mapping

from marshmallow import Schema, fields, validate

from shared.description import Form, Question

LISTS = frozenset({"list", "recorded"})  # kinds of questions whose answer is a list
MAX_DIGITS = 18  # of a number; a longer one is left to the validation, for Python does not read thousands of digits


def choices_of(schema: type[Schema], field: str) -> list[str]:
    """The codes that the validation of the command accepts for a field."""
    checks = [check for check in schema().fields[field].validators if isinstance(check, validate.OneOf)]
    return [str(choice) for check in checks for choice in check.choices]


def command_data(form: Form, schema: type[Schema], typed: Mapping[str, str]) -> dict[str, object]:
    """The data of the form's command. A value that cannot be converted is left as it is: validation names the fault."""
    texts = {question.field: typed.get(question.field, "").strip() for question in form.questions}
    return {
        question.field: value_of(question, schema, texts[question.field])
        for question in form.questions
        if texts[question.field] or question.kind in LISTS
    }


def value_of(question: Question, schema: type[Schema], text: str) -> object:
    if question.kind in LISTS:
        return items_of(text)
    if isinstance(schema().fields[question.field], fields.Integer) and text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS:
        return int(text)
    return text


def items_of(text: str) -> list[str]:
    """The items of a list, which commas separate in a form."""
    return [part.strip() for part in text.split(",") if part.strip()]
