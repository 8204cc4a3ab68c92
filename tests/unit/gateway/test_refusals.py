"""Every rule that refuses is explained in French."""

import ast
from pathlib import Path

from services.gateway.refusals import FRENCH

ROOT = Path(__file__).parents[3]


def codes() -> set[str]:
    """The codes written in the source, where a refusal is raised."""
    trees = [ast.parse(path.read_text()) for room in ("services", "shared") for path in (ROOT / room).rglob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refused"]
    first = [call.args[0] for call in calls if call.args]
    return {str(argument.value) for argument in first if isinstance(argument, ast.Constant)}


def test_every_refusal_has_its_french() -> None:
    assert codes() - set(FRENCH) == set()
