"""The package: what `pip install .` puts on a machine, and the version that every part shows."""

import ast
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from shared.version import __version__
from tests.architecture.source import tracked

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("services", "shared", "demo", "deploy")
EXAMPLES = "demo/frontends/"  # to be copied, not installed
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of what is committed or would be."""
    copy, dist = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for path in tracked():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_bytes((ROOT / path).read_bytes())
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(dist), str(copy)]
    subprocess.run(pip, check=True, capture_output=True, text=True)
    (built,) = dist.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that has the wheel, and its dependencies from the environment of the tests."""
    environment = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", wheel], check=True, capture_output=True
    )
    (site,) = environment.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return environment / "bin" / "parcours"


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return Parser().parsestr(archive.read(name).decode())


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in requirements}


def test_the_wheel_has_every_file_of_the_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        built = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert built == {path for path in tracked() if path.partition("/")[0] in PACKAGES and not path.startswith(EXAMPLES)}
    assert {f"{package}/py.typed" for package in PACKAGES} <= built


def test_the_metadata_have_version_licence_and_dependencies(wheel: Path) -> None:
    found = metadata(wheel)
    assert (found["Name"], found["Version"], found["License-Expression"]) == ("parcours", __version__, "EUPL-1.2")
    needed = [line for line in found.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert names(needed) == names(PROJECT["dependencies"])


def test_an_installed_command_shows_its_version_and_runs_away_from_the_source(installed: Path, tmp_path: Path) -> None:
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def parcours(*args: str) -> str:
        return subprocess.run([installed, *args], cwd=tmp_path, env=plain, check=True, capture_output=True, text=True).stdout

    assert parcours("--version") == f"parcours {__version__}\n"
    (tmp_path / "history.ndjson").write_text(parcours("generate", "--persons", "3"))
    parcours("load", "history.ndjson")
    assert parcours("history").count("\n") > 10
    assert '"people_met"' in parcours("replay", "--quarter", "2024-Q2", "--json")


def imported(package: str) -> set[str]:
    """The top-level modules that a package imports. Examples are not installed: what they import is theirs."""
    found: set[str] = set()
    for path in (path for path in (ROOT / package).rglob("*.py") if not path.is_relative_to(ROOT / EXAMPLES)):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found


def test_every_dependency_is_imported_and_every_import_is_a_dependency() -> None:
    modules = set().union(*(imported(package) for package in PACKAGES)) - {*PACKAGES, *sys.stdlib_module_names}
    providers = packages_distributions()
    needed = {canonicalize_name(name) for module in modules for name in providers[module][:1]}
    assert needed == names(PROJECT["dependencies"])


def test_the_changelog_begins_with_this_version() -> None:
    headings = re.findall(r"^## \[([^]]+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[:2] == ["Unreleased", __version__]


def test_a_commit_is_checked_like_make_lint() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    (hook,) = repository["hooks"]
    assert (repository["repo"], hook["entry"], hook["pass_filenames"]) == ("local", "make lint", False)


@pytest.mark.parametrize("name", ["LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_a_document_of_the_project_is_there(name: str) -> None:
    assert len((ROOT / name).read_text()) > 500
