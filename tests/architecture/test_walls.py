"""The walls between rooms stand: who may import whom, and what is pure."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, calls, files, name

SHELLS = {"service.py", "schemas.py"}
PURE = [
    path
    for path in files(
        "services/intake", "services/coaching", "services/referrals", "services/reporting/facts", "services/reporting/indicators"
    )
    if path.name not in SHELLS
] + [ROOT / "services/reporting" / page for page in ("definitions.py", "targets.py", "release.py", "policies.py", "catalogue.py")]
IMPURE = {"now", "today", "utcnow", "open", "print", "input", "exec", "eval", "read_text", "write_text", "__import__", "uuid4", "getenv"}


def imports_hold(root: Path) -> subprocess.CompletedProcess[str]:
    command = [f"{Path(sys.executable).parent}/lint-imports", "--no-cache", "--no-logo", "--config", f"{ROOT}/.importlinter"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


def test_each_room_imports_only_what_it_may() -> None:
    answer = imports_hold(ROOT)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("path", PURE, ids=name)
def test_a_page_neither_asks_the_time_nor_reads_or_writes_anything(path: Path) -> None:
    assert [f"line {line}: {word}()" for word, line in calls(path) if word in IMPURE] == []


STRANGERS = "No service imports another: they talk by events and commands"
NO_DOMAIN = "What is shared has no domain word in it"
GIVEN = "A service is given its parts: it never reaches for the composition root"
KERNEL = "The kernel knows neither a broker nor a database"
NO_BUS = "A log is read and written without a broker"
PURITY = "Pages, policies, facts and indicators: no clock, chance, id, I/O, log, broker or SQL driver"
NAMEKO = "Only the service shells, the gateway, the bus and the host know nameko, kombu, eventlet or pika"
BREACHES = [
    (STRANGERS, "services/intake/person.py", "from services.coaching import words"),
    (NO_DOMAIN, "shared/errors.py", "from services.intake import person"),
    (GIVEN, "services/gateway/commands_api.py", "from services.bootstrap.composition import Components"),
    (KERNEL, "shared/policy.py", "from shared.bus import relay"),
    (NO_BUS, "shared/store/sqlite/store.py", "import pika"),
    (PURITY, "services/coaching/journey.py", "import random"),
    (PURITY, "services/reporting/facts/tables.py", "import psycopg"),
    (PURITY, "services/referrals/policies.py", "from shared.store import sqlite"),
    (NAMEKO, "services/reporting/queries/reports.py", "import nameko"),
    (NAMEKO, "services/bootstrap/composition.py", "import eventlet"),
]


@pytest.mark.parametrize(("wall", "page", "line"), BREACHES)
def test_a_breach_is_noticed(wall: str, page: str, line: str, tmp_path: Path) -> None:
    """A wall that lets a breach through is no wall: each is tried on a copy."""
    for room in ("services", "shared"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    breached = tmp_path / page
    breached.write_text(f"{breached.read_text()}\n{line}\n")
    answer = imports_hold(tmp_path)
    assert answer.returncode == 1, answer.stdout
    assert re.search(rf"{wall} BROKEN", " ".join(answer.stdout.split())), answer.stdout
