"""The project's own source, as its rules see it."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("services", "shared", "tests")


class Function(NamedTuple):
    where: str
    lines: int


def files(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms or ROOMS for path in (ROOT / room).rglob("*.py") if path.stat().st_size)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tracked() -> list[str]:
    """What is committed, or would be: nothing that .gitignore names. The tree is read as it is where git is not there."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=name(path))


def functions(path: Path) -> Iterator[Function]:
    """Every function with the lines of its statements: what it says, its docstring not counted."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            yield Function(f"{name(path)}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - first.lineno + 1)


def calls(path: Path) -> Iterator[tuple[str, int]]:
    """The last word of everything that is called, with its line: `datetime.now()` gives `now`."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")), node.lineno
