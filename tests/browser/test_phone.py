"""The pages on a phone, 390 pixels wide: nothing is cut, what is touched is large enough, the latest comes first."""

from typing import Any

import pytest
from playwright.sync_api import Page

from services.bootstrap.registry import SERVICES

QUARTER = "/coter/alencon/2024-Q2"
PATHS = (
    "/",
    QUARTER,
    f"{QUARTER}/people_met",
    f"{QUARTER}/positive_rate",
    f"{QUARTER}?au=4",
    f"{QUARTER}/changements?depuis=1",
    "/parcours/p-1",
    "/evenement/4",
    "/saisie",
    "/saisie/ExitJourney?person=p-4",
    "/saisie/IdentifyPerson",
    "/taches",
    "/connexion",
)
LEAST_TARGET = 24  # CSS pixels on each side, WCAG 2.2, 2.5.8
SMALL = """least => [...document.querySelectorAll("a, button, input:not([type=hidden]), select")]
    .filter(each => !each.closest("svg, .skip, p:not(.by), dd, td.draw, .evolution") && each.getClientRects().length)
    .map(each => [each.getBoundingClientRect(), each.textContent.trim() || each.name])
    .filter(([box]) => box.height < least - 0.5 || box.width < least - 0.5)
    .map(([box, text]) => `${text}: ${Math.round(box.width)} x ${Math.round(box.height)}`)"""
CUT = """selector => [...document.querySelectorAll(selector)]
    .filter(each => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(each => each.textContent.trim())"""


def measured(page: Page, path: str, script: str, argument: Any = None) -> Any:
    page.goto(path)
    return page.evaluate(script, argument)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_no_wider_than_the_phone(phone: Page, path: str) -> None:
    assert measured(phone, path, "document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("path", PATHS)
def test_what_is_touched_is_large_enough(phone: Page, path: str) -> None:
    assert measured(phone, path, SMALL, LEAST_TARGET) == []


@pytest.mark.parametrize(("path", "cells"), [("/", ".rooms td, .rooms th"), (f"{QUARTER}/people_met", ".facts tbody td, .facts tbody th")])
def test_no_cell_is_cut(phone: Page, path: str, cells: str) -> None:
    assert measured(phone, path, CUT, cells) == []
    assert phone.locator(cells).count()


@pytest.mark.parametrize(
    ("path", "last"), [(f"{QUARTER}/people_met", ".quarters thead th:last-child"), ("/coter/all/2024-Q2/interviews", "svg.trend")]
)
def test_the_latest_quarter_is_shown_first(phone: Page, path: str, last: str) -> None:
    assert measured(phone, path, CUT, last) == []
    assert phone.locator(last).count()


def test_no_label_stands_before_nothing(phone: Page) -> None:
    script = """() => [...document.querySelectorAll(".indicators td[data-label]:not(:empty)")]
        .filter(each => !each.textContent.trim()).map(each => each.dataset.label)"""
    assert measured(phone, QUARTER, script) == []


def test_what_stands_in_a_task_does_not_touch(phone: Page) -> None:
    script = """() => [...document.querySelectorAll(".tasks li")].map(task => {
        const [retry, note, done] = [...task.querySelectorAll("button, input[name=note]")].map(each => each.getBoundingClientRect());
        return Math.min(note.top - retry.bottom, done.top - note.bottom); })"""
    gaps = measured(phone, "/taches", script)
    assert gaps
    assert min(gaps) >= 8


def test_the_note_of_a_key_figure_is_small_and_raised(phone: Page) -> None:
    script = """() => [...document.querySelectorAll(".key .note-mark")].map(note => {
        const figure = note.parentElement.querySelector("a"), size = each => parseFloat(getComputedStyle(each).fontSize);
        return [size(note) / size(figure.querySelector(".masked") || figure), getComputedStyle(note).verticalAlign]; })"""
    notes = measured(phone, QUARTER, script)
    assert notes
    assert all(ratio < 0.7 and align == "super" for ratio, align in notes)


@pytest.mark.parametrize("form", [form for service in SERVICES.values() for form in service.forms], ids=lambda form: form.command.__name__)
def test_no_two_fields_of_a_form_have_one_name(form: Any) -> None:
    labels = [question.label.rstrip(" ?") for question in form.questions] + ["Quand", "Où"]
    assert len(set(labels)) == len(labels)
