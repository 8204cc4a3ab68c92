"""Which changes of the code are another version of the facts: those that may change a fact, and no others."""

import ast
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.reporting.projection.code_version import SOURCE, fact_definitions, fact_digest, new_build_name, version

# Modules with definitions that decide a fact. If an import adds one here, think about it: a change there may make every installation
# fill its read models again.
MODULES = [
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
    "services.reporting.indicators.parameters",
    "services.reporting.indicators.printed",
    "services.reporting.ledger.balances",
    "services.reporting.ledger.contributions",
    "services.reporting.ledger.entry_fold",
    "services.reporting.ledger.filling",
    "services.reporting.ledger.loading",
    "services.reporting.ledger.persons",
    "services.reporting.ledger.posting",
    "services.reporting.ledger.publication",
    "services.reporting.ledger.sides",
    "services.reporting.ledger.windows",
    "services.reporting.projection.bulk",
    "services.reporting.projection.checkpoint",
    "services.reporting.projection.collation",
    "services.reporting.projection.fact_batch",
    "services.reporting.projection.merged_persons",
    "services.reporting.projection.set_aside",
    "services.vocabulary.calendar",
    "services.vocabulary.programme",
    "services.vocabulary.set_aside",
    "shared.coverage",
    "shared.decider",
    "shared.message",
    "shared.store.upcasting",
]


HERE = fact_digest(SOURCE)


@pytest.fixture(scope="module")
def whole_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the product's source."""
    folder = tmp_path_factory.mktemp("source")
    for package in ("services", "shared"):
        shutil.copytree(SOURCE / package, folder / package, ignore=lambda _, names: {name for name in names if name == "__pycache__"})
    return folder


@pytest.fixture
def copy(whole_copy: Path) -> Iterator[Path]:
    """The same for each test: what one has changed is put back."""
    before = {path: path.read_bytes() for path in whole_copy.rglob("*.py")}
    yield whole_copy
    for path in whole_copy.rglob("*.py"):
        if path not in before:
            path.unlink()
        elif path.read_bytes() != before[path]:
            path.write_bytes(before[path])


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, f"{path}: {old}"
    path.write_text(text.replace(old, new))


def append(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(f"\n{line}\n")


def test_the_modules_that_decide_a_fact_are_these() -> None:
    assert list(dict.fromkeys(module for module, _ in fact_definitions(SOURCE))) == MODULES


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("services/reporting/facts/persons.py", '{"merged_into": None}', '{"merged_into": ""}'),
        ("services/reporting/facts/persons.py", "    on: date\n", "    on: date | None\n"),  # how an event is decoded
        ("services/reporting/facts/referrals.py", "DAYS_TO_ANSWER = ", "DAYS_TO_ANSWER = 1 + "),
        ("services/reporting/facts/tables.py", 'fact_table("partner", ', 'fact_table("partner", texts("more"), '),
        ("services/reporting/ledger/contributions.py", "if found <= LAST", "if found < LAST"),
        ("services/reporting/ledger/windows.py", "row[argument] for row in part[1:]", "row[argument] for row in part[:-1]"),
        ("services/reporting/projection/merged_persons.py", "min(chain", "max(chain"),
        ("services/reporting/projection/checkpoint.py", "[event.time for event in events if not", "[event.time for event in events if"),
        ("services/reporting/projection/set_aside.py", "one.since <= until", "one.since < until"),
        ("services/intake/person.py", "def with_vintage(old: dict[str, Any]) -> dict[str, Any]:", "def with_vintage(old, more=1):"),
        ("shared/store/upcasting.py", "        data = convert(data)", "        data = convert(convert(data))"),
        ("services/vocabulary/calendar.py", 'ZoneInfo("Europe/Paris")', 'ZoneInfo("Europe/Lisbon")'),
    ],
)
def test_a_change_of_what_decides_a_fact_is_another_version(copy: Path, path: str, old: str, new: str) -> None:
    edit(copy / path, old, new)
    assert fact_digest(copy) != HERE


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("services/reporting/facts/persons.py", lambda text: f"# A comment.\n{text}\n# Another one.\n"),
        ("services/reporting/facts/persons.py", lambda text: re.sub('"""(?=[A-Z])', '"""Otherwise: ', text)),
        ("services/reporting/facts/journeys.py", lambda text: ast.unparse(ast.parse(text))),
        ("services/reporting/facts/tables.py", lambda text: ast.unparse(ast.parse(text))),
        ("services/reporting/facts/persons.py", lambda text: text.replace("context: EventContext) -> list[Change]", "context)")),
        ("services/intake/person.py", lambda text: f"{text}\n\ndef of_commands() -> bool:\n    return True\n"),  # beside the upcast
        ("services/reporting/projection/fact_batch.py", lambda text: text.replace("MAX_ROWS = 250_000", "MAX_ROWS = 100_000")),
        ("services/reporting/projection/checkpoint.py", lambda text: text.replace("== [checkpoint.recorded]", "!= []")),
        ("services/reporting/projection/database.py", lambda text: f"{text}\nCHANGED = True\n"),
        ("services/reporting/indicators/people.py", lambda text: f"{text}\nCHANGED = True\n"),
        ("services/reporting/queries/committee.py", lambda text: f"{text}\nCHANGED = True\n"),
        ("shared/bus/relay.py", lambda text: f"{text}\nCHANGED = True\n"),
    ],
)
def test_a_change_that_decides_no_fact_is_not(copy: Path, path: str, change: Callable[[str], str]) -> None:
    before = (copy / path).read_text()
    after = change(before)
    assert after != before
    (copy / path).write_text(after)
    assert fact_digest(copy) == HERE


def test_the_first_upcast_of_an_aggregate_is_found(copy: Path) -> None:
    append(
        copy / "services/referrals/partner.py",
        "def renamed(data):\n    return data\nDECLARED = dict(upcasts={'PartnerListed': (renamed,)})",
    )
    assert ("services.referrals.partner", "renamed") in fact_definitions(copy)


def test_what_a_reader_imports_inside_a_function_is_found(copy: Path) -> None:
    append(copy / "shared/rounding.py", "HALF_UP = True")
    edit(copy / "services/reporting/facts/moves.py", "-> list[Change]:\n", "-> list[Change]:\n    from shared.rounding import HALF_UP\n")
    assert ("shared.rounding", "HALF_UP") in fact_definitions(copy)


@pytest.mark.parametrize("line", ["from . import errors", "from services.vocabulary.fields import *", "import services.vocabulary.fields"])
def test_an_import_that_is_not_followed_is_an_error_rather_than_a_missed_definition(copy: Path, line: str) -> None:
    append(copy / "services/vocabulary/calendar.py", line)
    with pytest.raises(ValueError, match=r"calendar\.py:\d+: a "):
        fact_digest(copy)


def test_a_root_that_was_renamed_is_an_error(copy: Path) -> None:
    edit(copy / "services/reporting/projection/set_aside.py", "def set_aside(", "def all_set_aside(")
    with pytest.raises(ValueError, match="set_aside"):
        fact_digest(copy)


def test_a_build_is_named_after_the_version_and_never_twice() -> None:
    names = [new_build_name(version()) for _ in range(2)]
    assert all(re.fullmatch(r"facts [0-9a-f]{16} [0-9a-f-]{36}", name) and name.startswith(version()) for name in names)
    assert names[0] != names[1]
