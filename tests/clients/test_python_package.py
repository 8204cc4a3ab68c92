"""The package of the Python client: others can install it, type what they write with it, and its README works."""

import os
import re
import runpy
import subprocess
import sys
import sysconfig
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from shared.version import __version__
from tests.architecture.source import ROOT, tracked
from tests.processes import Product

CLIENT = ROOT / "clients" / "python"
GENERATED = CLIENT / "src" / "parcours_client" / "generated"
SNIPPETS = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def copy_of_the_source(folder: Path) -> Path:
    """The package as it is committed, without its generated part."""
    for path in tracked():
        if (ROOT / path).is_relative_to(CLIENT):
            copy = folder / (ROOT / path).relative_to(CLIENT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes((ROOT / path).read_bytes())
    return folder


def generated_into(source: Path) -> None:
    for path in GENERATED.rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            copy = source / path.relative_to(CLIENT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())


def build(source: Path, dist: Path) -> subprocess.CompletedProcess[str]:
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(dist), str(source)]
    return subprocess.run(pip, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source, dist = copy_of_the_source(tmp_path_factory.mktemp("source")), tmp_path_factory.mktemp("dist")
    generated_into(source)
    done = build(source, dist)
    assert done.returncode == 0, done.stderr
    (built,) = dist.iterdir()
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel, and its dependencies from the environment of the tests."""
    environment = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    installed = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", installed, "install", "--quiet", "--no-deps", wheel]
    subprocess.run([*map(str, pip)], check=True, capture_output=True)
    (site,) = environment.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return installed


@pytest.fixture
def readme(tmp_path: Path) -> Path:
    """The snippets of the README, as one program."""
    program = tmp_path / "readme.py"
    program.write_text("\n".join(SNIPPETS.findall((CLIENT / "README.md").read_text())))
    return program


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return Parser().parsestr(archive.read(name).decode())


def test_the_wheel_has_every_file_and_the_version_of_the_product(wheel: Path) -> None:
    by_hand = {path.partition("/src/")[2] for path in tracked() if path.startswith("clients/python/src/")}
    made = {str(path.relative_to(CLIENT / "src")) for path in GENERATED.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert len(made) > 200
    with zipfile.ZipFile(wheel) as archive:
        assert {name for name in archive.namelist() if ".dist-info/" not in name} == by_hand | made
    found = metadata(wheel)
    assert (found["Name"], found["Version"], found["License-Expression"]) == ("parcours-client", __version__, "EUPL-1.2")
    assert "py.typed" in {Path(name).name for name in by_hand}
    assert (CLIENT / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_who_does_not_read_from_the_broker_installs_no_pika(wheel: Path) -> None:
    needed = [Requirement(line) for line in metadata(wheel).get_all("Requires-Dist", [])]
    assert {each.name for each in needed if each.marker is None} == {"attrs", "httpx", "httpx-sse"}
    assert {each.name for each in needed if each.marker and each.marker.evaluate({"extra": "feed"})} == {"pika"}


def test_no_wheel_is_built_without_the_generated_part(tmp_path: Path) -> None:
    done = build(copy_of_the_source(tmp_path / "source"), tmp_path / "dist")
    assert done.returncode != 0
    assert "made_from.sha256" in done.stdout + done.stderr


def test_the_generated_part_is_that_of_the_product(product: Product) -> None:
    digest_of = runpy.run_path(str(CLIENT / "generate.py"))["digest_of"]
    document = product.client.get("/openapi.json").text
    assert (GENERATED / "made_from.sha256").read_text() == digest_of(document), "make client-python"


def test_the_readme_works_away_from_the_source(python: Path, readme: Path, product: Product) -> None:
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    env = {**plain, "PARCOURS_URL": product.url, "PARCOURS_TOKEN": product.token("coach")}
    done = subprocess.run([python, readme], cwd=readme.parent, env=env, check=False, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    told = done.stdout.splitlines()
    assert "p-1" in told
    assert any(line.endswith(" fr.parcours.intake.PersonIdentified") for line in told)
    everyone = product.get("/v1/people", role="coach", limit=100).json()["items"]
    assert {line["person"] for line in everyone} >= {f"p-{number}" for number in range(1, 51)}


def test_what_others_write_with_it_is_typed(python: Path, readme: Path) -> None:
    with readme.open("a") as program:
        program.write('\nparcours.send(meeting, territory=1)\nparcours.send("IdentifyPerson", "alencon")\n')
    words = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(readme.parent / "cache")]
    done = subprocess.run(
        [*words, "--python-executable", str(python), str(readme)], cwd=readme.parent, capture_output=True, text=True, check=False
    )
    faults = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert len(faults) == 2, done.stdout + done.stderr
    assert all("[arg-type]" in fault for fault in faults)
