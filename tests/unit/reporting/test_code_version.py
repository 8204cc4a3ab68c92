"""Which changes of the code make the reporting service rebuild its read models: those that may change a fact, and no others."""

import re
import shutil
from pathlib import Path

import pytest

from services.reporting.projection.code_version import SOURCE, fact_digest, fact_modules, new_build_name, version

# Modules that decide a fact. If an import adds one here, think about it: each change of it makes every deployment rebuild once.
MODULES = [
    "services.intake.coded_values",
    "services.intake.entry",
    "services.intake.merging",
    "services.intake.neighbourhood",
    "services.intake.person",
    "services.reporting.coded_values",
    "services.reporting.facts.change",
    "services.reporting.facts.decisions",
    "services.reporting.facts.fold",
    "services.reporting.facts.follow_ups",
    "services.reporting.facts.journeys",
    "services.reporting.facts.lateness",
    "services.reporting.facts.loans",
    "services.reporting.facts.moves",
    "services.reporting.facts.orientations",
    "services.reporting.facts.outcomes",
    "services.reporting.facts.partners",
    "services.reporting.facts.persons",
    "services.reporting.facts.referrals",
    "services.reporting.facts.standings",
    "services.reporting.facts.surveys",
    "services.reporting.facts.tables",
    "services.reporting.facts.tasks",
    "services.reporting.facts.timeline_index",
    "services.reporting.facts.workshops",
    "services.reporting.projection.bulk",
    "services.reporting.projection.checkpoint",
    "services.reporting.projection.code_version",
    "services.reporting.projection.collation",
    "services.reporting.projection.damage",
    "services.reporting.projection.database",
    "services.reporting.projection.fact_batch",
    "services.reporting.projection.merged_persons",
    "services.reporting.projection.schema",
    "services.reporting.projection.set_aside",
    "services.vocabulary.calendar",
    "services.vocabulary.fields",
    "services.vocabulary.person_standing",
    "services.vocabulary.programme",
    "services.vocabulary.set_aside",
    "services.vocabulary.survey_ticket",
    "shared.address",
    "shared.coded_value",
    "shared.command_fields",
    "shared.concealment",
    "shared.decider",
    "shared.errors",
    "shared.field_rules",
    "shared.message",
    "shared.placement",
    "shared.store.port",
    "shared.store.postgres.connection",
    "shared.store.sqlite.connections",
    "shared.store.upcasting",
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the product's source."""
    for package in ("services", "shared"):
        shutil.copytree(SOURCE / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_modules_that_decide_a_fact_are_these() -> None:
    assert [name for name, path in fact_modules(SOURCE).items() if path.name != "__init__.py"] == MODULES


@pytest.mark.parametrize(
    "path",
    [
        "services/reporting/facts/journeys.py",
        "services/reporting/facts/tables.py",
        "services/reporting/projection/merged_persons.py",
        "services/intake/person.py",  # it has an upcast
        "shared/store/upcasting.py",
        "services/vocabulary/calendar.py",
        "services/reporting/facts/__init__.py",
    ],
)
def test_a_change_of_a_module_that_decides_a_fact_changes_the_digest(copy: Path, path: str) -> None:
    assert fact_digest(copy) == fact_digest(SOURCE)
    append(copy / path, "CHANGED = True")
    assert fact_digest(copy) != fact_digest(SOURCE)


@pytest.mark.parametrize(
    "path",
    [
        "services/gateway/pages/french.py",
        "services/gateway/pages/committee.html",
        "services/reporting/indicators/people.py",
        "services/reporting/queries/committee.py",
        "services/coaching/policies.py",
        "shared/bus/relay.py",
    ],
)
def test_a_change_of_any_other_file_does_not(copy: Path, path: str) -> None:
    append(copy / path, "CHANGED = True")
    assert fact_digest(copy) == fact_digest(SOURCE)


def test_a_module_that_declares_its_first_upcast_is_found(copy: Path) -> None:
    append(copy / "services/referrals/partner.py", "DECLARED = dict(upcasts={})")
    assert "services.referrals.partner" in fact_modules(copy)


def test_a_new_module_that_a_reader_imports_is_found_even_inside_a_function(copy: Path) -> None:
    append(copy / "shared/rounding.py", "HALF_UP = True")
    append(copy / "services/reporting/facts/lateness.py", "def later() -> None:\n    from shared.rounding import HALF_UP")
    assert "shared.rounding" in fact_modules(copy)


def test_a_relative_import_is_an_error_rather_than_a_missed_module(copy: Path) -> None:
    append(copy / "services/vocabulary/calendar.py", "from . import errors")
    with pytest.raises(ValueError, match=r"calendar\.py:\d+: a relative import"):
        fact_digest(copy)


def test_a_build_is_named_after_the_version_and_never_twice() -> None:
    names = [new_build_name() for _ in range(2)]
    assert all(re.fullmatch(r"facts [0-9a-f]{16} [0-9a-f-]{36}", name) and name.startswith(version()) for name in names)
    assert names[0] != names[1]


def append(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(f"\n{line}\n")
