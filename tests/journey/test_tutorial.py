"""The tutorial works: its commands are executed as a reader would type them, one after the other, in one shell."""

import re
import subprocess
from pathlib import Path

from tests.architecture.source import ROOT
from tests.processes import free_port
from tests.servers.debian import program

TUTORIAL = ROOT / "docs" / "tutorial.md"
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# `kill %1` needs job control; the trap leaves no process behind when a command fails.
PREAMBLE = "set -euo pipefail -m\ntrap 'jobs -p | xargs --no-run-if-empty kill' EXIT\n"


def script(folder: Path, port: int) -> str:
    commands = "\n".join(COMMANDS.findall(TUTORIAL.read_text()))
    return PREAMBLE + commands.replace("/tmp/parcours-tutorial", str(folder)).replace("8000", str(port))


def test_every_command_of_the_tutorial_works(tmp_path: Path) -> None:
    program("/usr/bin/curl", "curl")
    command = ["bash", "-c", script(tmp_path / "data", free_port())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PersonIdentified" in done.stdout
    assert '"journey_not_open"' in done.stdout
