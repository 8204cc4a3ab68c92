"""The product's figures are those of the oracle: of the study and of generated histories, live and as of past positions."""

import ast
from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from pathlib import Path

import msgspec
import pytest

from demo.command_lines import CommandLine
from demo.generator import generate
from demo.study import study
from services.bootstrap.composition import Components
from services.bootstrap.settings import read_settings
from services.cli.commands import importer
from tests.demo.history import load
from tests.fuzz.random_commands import RandomCommands
from tests.oracle.comparison import Difference, differences

START, END = date(2022, 6, 1), date(2024, 6, 30)
HISTORIES: dict[str, Callable[[], Iterable[CommandLine]]] = {
    "study": lambda: study(1),
    **{f"generated-{seed}": partial(generate, 150, seed, START, END) for seed in (1, 2, 3)},
}
PAST = (0.2, 0.5, 0.8)  # of the log


@pytest.fixture(scope="module", params=HISTORIES)
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Difference]:
    folder = tmp_path_factory.mktemp(request.param)
    assert load(folder, HISTORIES[request.param]()).refused == []
    return compared(Components(read_settings(folder, environ={})))


def compared(components: Components) -> list[Difference]:
    """The cells that differ, live and as of past positions."""
    components.reports.rebuild(components.store)
    past = [int(components.store.head() * share) for share in PAST]
    replayed = [difference for position in past for difference in differences(components, components.replayed(position), as_of=position)]
    return [*differences(components, components.reports), *replayed]


def test_the_figures_are_those_of_the_oracle(found: list[Difference]) -> None:
    assert found == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_figures_of_a_strange_history_are_those_of_the_oracle(seed: int, tmp_path: Path) -> None:
    """Random commands of every type, many of them out of order: whatever is accepted is counted by both."""
    components = Components(read_settings(tmp_path, environ={}))
    components.publish_definitions()
    territories = [territory.id for territory in components.settings.programme().territories]
    commands, history = RandomCommands(seed, territories, 1_500, END, {"valid": 78, "nearly": 22}), importer(components)
    for command in commands:
        outcome, *_ = history.load([msgspec.json.encode(command)])
        if outcome.fault is None:
            commands.accepted(command)
    assert components.store.head() > 300
    assert compared(components) == []


def test_the_oracle_imports_nothing_of_the_product() -> None:
    modules = [ast.parse((Path(__file__).parent / name).read_text()) for name in ("oracle.py", "facts.py", "cells.py")]
    imports = [node for module in modules for node in ast.walk(module) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert {node.module for node in imports if isinstance(node, ast.ImportFrom)} == {
        *("collections.abc", "datetime", "functools", "typing", "zoneinfo", "tests.oracle.facts", "tests.oracle.cells")
    }
    assert not [node for node in imports if isinstance(node, ast.Import)]
