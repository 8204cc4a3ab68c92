"""The process that kills itself at a named point does so, whatever becomes of the calls before it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forks import ROOT
from tests.processes import Process

CALLS = """
import contextlib, sys
from tests.chaos.dying import dying_at

def call(outcome):
    print(outcome)
    if outcome == "raises":
        raise ValueError
    return outcome

dying = dying_at(call, sys.argv[1], int(sys.argv[2]), "")
for outcome in sys.argv[3:]:
    with contextlib.suppress(ValueError):
        dying(outcome)
"""
RETURNS, RAISES = "returns", "raises"


@pytest.mark.parametrize(
    ("when", "count", "outcomes", "made"),
    [
        ("before", 2, (RETURNS, RETURNS, RETURNS), 1),
        ("before", 2, (RAISES, RETURNS, RETURNS), 1),
        ("after", 2, (RETURNS, RETURNS, RETURNS), 2),
        ("after", 2, (RETURNS, RAISES, RETURNS, RETURNS), 3),
        ("after", 1, (RAISES, RAISES, RETURNS, RETURNS), 3),
    ],
)
def test_the_point_is_reached_although_calls_fail(when: str, count: int, outcomes: tuple[str, ...], made: int) -> None:
    command = [sys.executable, "-W", "ignore", "-u", "-c", CALLS, when, str(count), *outcomes]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert ended.stdout.split() == list(outcomes[:made])


def test_each_fork_is_a_process_of_its_own(tmp_path: Path) -> None:
    """Its calls are counted from one, its output is in the file, and its end is told: by a kill or as that of the command."""
    output = tmp_path / "generate.log"
    for when, number, code in (("before", 1, -signal.SIGKILL), ("before", 2, 0), ("after", 1, -signal.SIGKILL), ("after", 2, 0)):
        generate = Process("generate", "--persons", "1", env={}, log=output, death=("services.cli.commands:generate", when, number))
        generate.start()
        assert generate.child is not None
        assert generate.child.wait(60) == code, output.read_text()
    assert output.read_text().count("IdentifyPerson") == 3
