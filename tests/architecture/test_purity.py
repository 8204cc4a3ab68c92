"""Aggregates, policies, facts and indicators are pure: they neither ask the time nor read or write anything."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture import walls
from tests.architecture.source import ROOT, name

IMPURE = frozenset(
    {"now", "today", "utcnow", "fromtimestamp", "monotonic", "perf_counter", "time_ns", "uuid1", "uuid4", "random", "getenv", "environ"}
    | {"open", "print", "input", "exec", "eval", "compile", "read_text", "write_text", "read_bytes", "write_bytes", "breakpoint"}
    | {"__import__", "import_module", "getattr", "setattr", "globals", "locals", "vars", "__builtins__"}
)


def pure_files() -> list[Path]:
    modules = [module for module in walls.imports().modules if walls.within(module, walls.PURITY.sources)]
    paths = [ROOT / f"{module.replace('.', '/')}.py" for module in modules if not walls.within(module, walls.PURITY.except_for)]
    return sorted(path for path in paths if path.is_file())


def impure_references(source: str) -> Iterator[tuple[int, str]]:
    """Every mention of an impure name, called or not: `t = date.today; t()` asks the time too."""
    names = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute | ast.Name))
    for node in names:
        mentioned = node.attr if isinstance(node, ast.Attribute) else node.id
        if mentioned in IMPURE:
            yield node.lineno, mentioned


@pytest.mark.parametrize("path", pure_files(), ids=name)
def test_a_pure_module_mentions_nothing_impure(path: Path) -> None:
    assert [f"line {line}: {mentioned}" for line, mentioned in impure_references(path.read_text())] == []


@pytest.mark.parametrize(
    "source",
    [
        "datetime.now(UTC)",
        "t = date.today; t()",
        "clock = [datetime.utcnow][0]",
        "f = open",
        "getattr(date, 'to' + 'day')()",
        "__import__('time').time()",
        "key = uuid4()",
        "def f(clock=date.today): return clock()",
    ],
)
def test_an_impure_mention_is_noticed(source: str) -> None:
    assert list(impure_references(source))


def test_pure_modules_are_many() -> None:
    assert len(pure_files()) > 40
