"""The image is made of pinned parts, runs without root, and holds only what the product needs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LINES = re.sub(r"\\\n\s*", " ", (ROOT / "deploy" / "Dockerfile").read_text()).splitlines()


def arguments_of(word: str) -> list[str]:
    return [line.partition(" ")[2] for line in LINES if line.startswith(f"{word} ")]


def test_its_base_is_an_exact_version() -> None:
    assert {base.split()[0] for base in arguments_of("FROM")} == {"python:3.11.14-slim-bookworm"}


def test_its_packages_are_locked_by_hash_and_never_built() -> None:
    installs = [line for line in arguments_of("RUN") if "pip install" in line]
    assert installs
    assert [line for line in installs if "--require-hashes" not in line or "--only-binary :all:" not in line] == []


def test_it_does_not_run_as_root() -> None:
    assert arguments_of("USER") == ["10001:10001"]


def test_it_is_watched() -> None:
    assert "deploy/healthy.py" in arguments_of("HEALTHCHECK")[0]


def test_what_it_copies_is_there_and_let_through() -> None:
    allowed = {line[1:] for line in (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {source for line in arguments_of("COPY") if not line.startswith("--from") for source in line.split()[:-1]}
    assert copied == allowed
    assert [source for source in copied if not (ROOT / source).exists()] == []


@pytest.mark.parametrize("command", [["-m", "services.cli.main", "load", os.devnull, "--data", "data"], ["deploy/healthy.py", "relay"]])
def test_the_code_that_it_copies_is_complete(command: list[str], tmp_path: Path) -> None:
    """Both commands import the composition root, which reads deploy/definitions."""
    for *sources, target in (line.split() for line in arguments_of("COPY") if " /app/" in line):
        folder = tmp_path / target.lstrip("/")
        folder.mkdir(parents=True, exist_ok=True)
        for source in (ROOT / each for each in sources):
            if source.is_dir():
                shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder)
    app = tmp_path / "app"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(app), "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, *command], cwd=app, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_it_holds_no_secret() -> None:
    assert [line for word in ("ARG", "ENV") for line in arguments_of(word) if re.search(r"PASS|SECRET|TOKEN", line)] == []
