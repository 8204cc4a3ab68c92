"""A fresh clone has all that its Makefile names."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source import tracked

ROOT = Path(__file__).parent.parent.parent
TARGETS = (
    "run",
    "setup",
    "test",
    "test-long",
    "coverage",
    "lint",
    "bench",
    "lock",
    "compose",
    "client",
    "client-types",
    "client-python",
    "package",
    "clean",
    "help",
)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is committed, or would be, and nothing else."""
    place = tmp_path_factory.mktemp("clone")
    for path in tracked():
        copy = place / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((ROOT / path).read_bytes())
        copy.chmod((ROOT / path).stat().st_mode)
    return place


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_resolves(target: str, clone: Path) -> None:
    done = subprocess.run(["make", "--dry-run", target], cwd=clone, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    named = set(re.findall(r"(?<![./\w])((?:bin|requirements|tests)/[\w./-]+)", done.stdout))
    assert [path for path in named if "node_modules" not in path and not (clone / path).exists()] == []  # those are installed


def test_help_says_each_target(clone: Path) -> None:
    output = subprocess.run(["make", "--silent"], cwd=clone, capture_output=True, text=True, check=True).stdout
    assert {line.split()[0] for line in output.splitlines()} == set(TARGETS)


def test_the_command_line_says_what_is_missing(clone: Path) -> None:
    done = subprocess.run([clone / "bin" / "parcours", "history"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "make setup" in done.stderr


def test_ci_runs_everything() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    makefile = (ROOT / "Makefile").read_text()
    for word in ("ruff check", "ruff format --check", "mypy", "yamllint --strict", "pytest"):
        assert word in makefile


@pytest.mark.parametrize(
    "script", ["bin/environment", "bin/lock", "bin/node-packages", ".ci/run", "deploy/secrets.sh", "deploy/postgres/roles.sh"]
)
def test_a_script_stops_at_its_first_fault(script: str) -> None:
    text = (ROOT / script).read_text()
    assert text.startswith("#!/bin/bash\n")
    assert "\nset -euo pipefail\n" in text
    subprocess.run(["bash", "-n", ROOT / script], check=True)
