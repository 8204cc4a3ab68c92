"""The units of deploy/systemd: one for every process, understood by systemd, and with few rights."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from services.bootstrap.names import GATEWAY, PROCESSES
from services.bootstrap.parts import KEY_PARTS, Part, needs_of
from services.bootstrap.variables import KNOWN
from services.cli.main import parser
from tests.servers.debian import program
from tests.servers.process import Unavailable

UNITS = Path(__file__).parent.parent.parent / "deploy" / "systemd"
PROGRAM = "/opt/parcours/bin/parcours"
SERVICES = ("parcours@.service", "parcours-gateway@.service", "parcours-setup.service")
INSTANCES = (
    "parcours.target",
    "parcours@intake.service",
    "parcours@reporting.service",
    "parcours-gateway@8000.service",
    "parcours-setup.service",
)
OF_KEYS = {part.value for part in KEY_PARTS}
MOST_EXPOSED = 20  # of 100, as systemd counts what a unit may do


def text_of(unit: str) -> str:
    return (UNITS / unit).read_text()


@pytest.fixture(scope="module")
def analyze() -> str:
    try:
        return str(program("/usr/bin/systemd-analyze", "systemd"))
    except Unavailable as fault:
        pytest.skip(str(fault))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units beside a program that is there."""
    folder = tmp_path_factory.mktemp("units") / "units"
    shutil.copytree(UNITS, folder)
    there = folder.parent / "parcours"
    there.write_text("#!/bin/sh\n")
    there.chmod(0o755)
    for unit in folder.glob("*.service"):
        unit.write_text(unit.read_text().replace(PROGRAM, str(there)))
    return folder


def test_the_target_wants_every_process_and_two_gateways() -> None:
    wanted = re.findall(r"parcours@([a-z]+)\.service", text_of("parcours.target"))
    assert sorted(wanted) == sorted(set(PROCESSES) - {GATEWAY})
    assert text_of("parcours.target").count("parcours-gateway@") == 2
    assert "Wants=parcours-setup.service" in text_of("parcours.target")


@pytest.mark.parametrize("unit", SERVICES)
def test_its_command_is_one_that_the_command_line_takes(unit: str) -> None:
    (command,) = re.findall(rf"^ExecStart={PROGRAM} (.+)$", text_of(unit), re.MULTILINE)
    instance = {"parcours@.service": "relay", "parcours-gateway@.service": "8001"}.get(unit, "")
    asked = parser().parse_args(command.replace("%i", instance).split())
    assert asked.command in {"service", "setup"}


def test_its_variables_are_known_and_their_credentials_loaded() -> None:
    for file in [*UNITS.glob("*.service"), *UNITS.glob("*/*.conf")]:
        given = dict(re.findall(r"(PARCOURS_[A-Z_]+)=%d/([a-z_]+)", file.read_text()))
        assert given
        assert set(given) <= set(KNOWN)
        loaded = re.findall(r"^LoadCredential=([a-z_]+):/etc/parcours/(%i_|gateway_)?\1(\.pem)?$", file.read_text(), re.MULTILINE)
        assert set(given.values()) == {name for name, *_ in loaded}


@pytest.mark.parametrize(("unit", "own"), [("parcours@.service", "%i"), ("parcours-gateway@.service", GATEWAY)])
def test_a_process_is_given_the_user_and_the_role_of_its_own(unit: str, own: str) -> None:
    loaded = re.findall(r"^LoadCredential=(amqp_uri|event_store):/etc/parcours/(.+)$", text_of(unit), re.MULTILINE)
    assert loaded == [(name, f"{own}_{name}") for name in ("amqp_uri", "event_store")]


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_is_given_its_own_keys_and_no_other(process: str) -> None:
    """Files that root alone reads: those of the unit, and of what is added to it for this process. The public keys are no secret."""
    unit = text_of("parcours-gateway@.service" if process == GATEWAY else "parcours@.service")
    added = [file.read_text() for file in UNITS.glob(f"parcours@{process}.service.d/*.conf")]
    loaded = {Part(name) for text in (unit, *added) for name in re.findall(r"(PARCOURS_[A-Z_]+)=%d/", text) if name in OF_KEYS}
    assert loaded == needs_of("service", process).parts & KEY_PARTS - {Part.PUBLIC_KEYS}
    assert "PARCOURS_PUBLIC_KEYS=/etc/parcours/public_keys.json" in unit


@pytest.mark.parametrize("unit", INSTANCES)
def test_systemd_understands_it(analyze: str, installed: Path, unit: str) -> None:
    name = re.sub("@[^.]+", "@", unit)
    file = installed / unit
    if not file.exists():
        shutil.copy(installed / name, file)
    command = [analyze, "verify", "--man=no", "--recursive-errors=one", f"./{unit}"]
    done = subprocess.run(command, cwd=installed, env={"SYSTEMD_UNIT_PATH": f"{installed}:"}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES)
def test_it_may_do_little(analyze: str, installed: Path, unit: str) -> None:
    command = [analyze, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(installed / unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
