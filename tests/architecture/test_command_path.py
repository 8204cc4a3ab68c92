"""A command crosses few files on its way to the log, each call goes down, and the architecture's page shows the way as it is."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.source import ROOT

MAX_FILES = 35
LISTED = re.compile(r"^\d+\. \[[^\]]+\]\(\.\./([\w/.]+)\)", re.MULTILINE)

Traced = dict[str, list[Any]]


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    command = [sys.executable, "-W", "ignore", "-m", "tests.architecture.command_path", str(tmp_path_factory.mktemp("path"))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found: Traced = json.loads(done.stdout.splitlines()[-1])
    return found


def documented() -> list[str]:
    return LISTED.findall((ROOT / "docs" / "architecture.md").read_text())


def test_a_command_crosses_few_files(traced: Traced) -> None:
    assert len(traced["files"]) <= MAX_FILES, traced["files"]


def test_the_page_lists_the_files_that_a_command_crosses(traced: Traced) -> None:
    assert set(traced["files"]) == set(documented())


def test_each_call_goes_down_the_list_and_never_back_up(traced: Traced) -> None:
    order = documented()
    calls = [(caller, callee) for caller, callee in traced["calls"] if caller in order]  # others are the threads that it arrives in
    assert [f"{caller} -> {callee}" for caller, callee in calls if order.index(caller) > order.index(callee)] == []


def test_every_link_of_the_page_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([\w./-]+)\)", (ROOT / "docs" / "architecture.md").read_text())
    assert len(links) > 20
    assert [link for link in links if not (Path(ROOT) / "docs" / link).exists()] == []
