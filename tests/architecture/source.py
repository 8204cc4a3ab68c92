"""The project's own source, read by the architecture tests."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("services", "shared", "demo", "deploy", "tests")


class Function(NamedTuple):
    where: str
    lines: int


def files(*packages: str) -> list[Path]:
    return sorted(path for package in packages or PACKAGES for path in (ROOT / package).rglob("*.py") if path.stat().st_size)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tracked() -> list[str]:
    """The files that are committed, or would be: none that .gitignore names."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=name(path))


def functions(path: Path) -> Iterator[Function]:
    """Every function with the number of lines of its statements; its docstring is not counted."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            yield Function(f"{name(path)}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - first.lineno + 1)


def calls_of(path: Path) -> list[ast.Call]:
    """Every call in a module."""
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
