"""The rules of Prometheus are what promtool takes for right, and each of them fires when it must and not before."""

import re
import subprocess
from pathlib import Path

import pytest

from deploy.compose import compose
from services.bootstrap.names import PROCESSES
from tests.architecture.source import ROOT
from tests.servers.debian import program

FOLDER = ROOT / "deploy" / "prometheus"
ALERT = re.compile(r"- alert: (\w+)")
TESTED = re.compile(r"alertname: (\w+)")


@pytest.fixture(scope="module")
def promtool() -> Path:
    """Of Debian's package, which is installed if it is missing: where it cannot be had, this fails."""
    return program("/usr/bin/promtool", "prometheus")


def checked(promtool: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([promtool, *words], cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False)


def test_the_configuration_and_the_rules_are_right(promtool: Path) -> None:
    done = checked(promtool, "check", "config", "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_rule_fires_when_it_must(promtool: Path) -> None:
    done = checked(promtool, "test", "rules", "alerts_test.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    rules = ALERT.findall((FOLDER / "alerts.yml").read_text())
    tested = TESTED.findall((FOLDER / "alerts_test.yml").read_text())
    assert {name for name in rules if tested.count(name) < 2} == set()  # once well, and once ill


def test_every_process_is_scraped_under_its_name_in_compose() -> None:
    targets = re.findall(r"- ([a-z]+):9464", (FOLDER / "prometheus.yml").read_text())
    assert sorted(targets) == sorted(PROCESSES)
    assert all(f"\n  {name}:\n" in compose() for name in targets)
