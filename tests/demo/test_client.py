"""The demo is a client like any other: it imports nothing of the product, and what it sends is valid."""

import ast
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from marshmallow import Schema

import demo
from demo.command_lines import CommandLine
from demo.generator import generate
from demo.study import study
from services.bootstrap.composition import Components
from services.bootstrap.settings import read_settings
from services.vocabulary.french import VALIDATION
from services.vocabulary.programme import PROGRAMME
from shared.command_endpoint import RequestParser

REQUESTS = RequestParser(VALIDATION)
TICKET = {"AnswerSurvey": {"token": f"EXIT.2024-01.flers.{'0' * 32}.{'0' * 32}"}}  # in a file an answer has none: loading redeems one
MODULES = sorted(Path(demo.__file__).parent.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The full names that a module imports: `from shared.time import PARIS` gives `shared.time.PARIS`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_demo_imports_nothing_of_the_product(path: Path) -> None:
    names = set(imported(path))
    assert {name for name in names if name.split(".")[0] in {"services", "shared", "tests"}} == set()
    assert not names & {"importlib", "importlib.import_module"}, "an import that these rules cannot see"


@pytest.fixture(scope="module")
def components(tmp_path_factory: pytest.TempPathFactory) -> Components:
    return Components(read_settings(tmp_path_factory.mktemp("settings"), environ={}))


@pytest.fixture(scope="module")
def schemas(components: Components) -> dict[str, Schema]:
    """The validation schema of every command, by its name."""
    return {name: schema() for commands in components.schemas.values() for name, schema in commands.items()}


@pytest.fixture(scope="module")
def territories(components: Components) -> set[str]:
    return {PROGRAMME, *(territory.id for territory in components.settings.programme().territories)}


HISTORIES = {
    "study-1": lambda: study(1),
    "study-2": lambda: study(2),
    "generated": lambda: generate(400, 11, date(2022, 6, 1), date(2024, 6, 30)),
    "generated-later": lambda: generate(100, 12, date(2026, 1, 5), date(2027, 3, 1)),
}


@pytest.mark.parametrize("history", HISTORIES)
def test_every_command_line_passes_the_validation_of_the_product(history: str, schemas: dict[str, Schema], territories: set[str]) -> None:
    """The envelope, the territory and the data: no rule of an aggregate is needed to find these faults."""
    faults = [(line, found) for line in HISTORIES[history]() if (found := faults_of(line, schemas, territories))]
    assert faults == []


def faults_of(line: CommandLine, schemas: dict[str, Schema], territories: set[str]) -> dict[str, Any]:
    request = REQUESTS.parse(msgspec.json.encode(line))  # raises Invalid with the faults of the envelope
    if request.type not in schemas:
        return {"type": request.type}
    if request.territory not in territories:
        return {"territory": request.territory}
    return dict(schemas[request.type].validate({**TICKET.get(request.type, {}), **request.data}))


def test_the_validation_finds_a_fault(schemas: dict[str, Schema], territories: set[str]) -> None:
    line = next(line for line in study(1) if line["type"] == "IdentifyPerson")
    assert faults_of(line, schemas, territories) == {}
    assert faults_of(line | {"data": line["data"] | {"radar": "?"}}, schemas, territories).keys() == {"radar"}
    assert faults_of(line | {"territory": "?"}, schemas, territories).keys() == {"territory"}
    assert faults_of(line | {"type": "?"}, schemas, territories).keys() == {"type"}
