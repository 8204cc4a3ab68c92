"""The command line without a server: what it does, and how it reports what it cannot do."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from services.cli import main
from shared.store.sqlite.store import SqliteStore
from tests.forks import ROOT

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PARCOURS_")}


def parcours(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-m", "services.cli.main", *words, "--data", str(folder)]
    return subprocess.run(command, cwd=ROOT, env=ENVIRONMENT | environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("dance",), 2, "invalid choice"),
        (("serve", "--port", "99999"), 2, "99999"),
        (("serve", "--host", "::1"), 2, "::1"),
        (("serve", "--host", "nowhere.invalid"), 1, "nowhere.invalid"),
        (("indicators",), 2, "--quarter"),
        (("load", "nowhere.ndjson"), 2, "nowhere.ndjson"),
        (("replay", "--as-of", "yesterday"), 2, "yesterday"),
        (("replay",), 1, "no fact"),
        (("indicators", "--quarter", "2024-Q9"), 2, "2024-Q9"),
        (("rebuild",), 1, "no event"),
        (("backup", "/dev/null/backup"), 2, "PARCOURS_KEYS"),
        (("verify",), 2, "PARCOURS_SEAL_KEY"),
        (("verify", "--checkpoint", "nowhere.txt"), 2, "PARCOURS_SEAL_KEY"),
        (("verify", "--key", "nowhere.txt"), 2, "nowhere.txt"),
        (("bundle", "nowhere"), 2, "PARCOURS_SEAL_KEY"),
        (("service", "intake"), 2, "PARCOURS_AMQP_URI"),
        (("tail",), 2, "PARCOURS_AMQP_URI"),
        (("projections",), 2, "action"),
        (("projections", "list", "--service", "intake"), 2, "intake"),
    ],
)
def test_what_cannot_be_done_is_reported_in_one_line(tmp_path: Path, words: tuple[str, ...], code: int, message: str) -> None:
    SqliteStore(tmp_path / "log.sqlite").close()
    done = parcours(tmp_path, *words)
    assert (done.returncode, message in done.stderr, "Traceback" in done.stderr) == (code, True, False), done.stderr


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("PARCOURS_EVENT_STORE", "mystore://coach:secret@localhost", ("history",)),
        ("PARCOURS_EVENT_STORE", "mystore://coach:secret@localhost", ("serve",)),
        ("PARCOURS_READ_MODELS", "mysql://coach:secret@localhost", ("rebuild",)),
        ("PARCOURS_AMQP_URI", "redis://coach:secret@localhost", ("service", "relay")),
    ],
)
def test_a_wrong_setting_ends_every_command_with_one_sentence(tmp_path: Path, variable: str, value: str, words: tuple[str, ...]) -> None:
    done = parcours(tmp_path, *words, **{variable: value})
    assert (done.returncode, done.stdout) == (2, "")
    (sentence,) = done.stderr.splitlines()
    assert variable in sentence
    assert "secret" not in sentence


def test_a_port_that_is_taken_is_said_and_nothing_waits(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = parcours(tmp_path, "serve", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "http://" not in done.stderr


READERS = [
    ("history",),
    ("indicators", "--quarter", "2024-Q2"),
    ("evidence", "people_met", "--quarter", "2024-Q2"),
    ("changes", "--quarter", "2024-Q2", "--since", "2024-03-31"),
    ("replay",),
    ("rebuild",),
    ("audit", "figures"),
    ("verify",),
    ("bundle", "bundle"),
    ("backup", "backup"),
    ("dead", "list"),
    ("dead", "replay"),
    ("projections", "list"),
    ("generations", "list"),
]


def test_every_command_that_reads_a_log_is_tried() -> None:
    assert {words[0] for words in READERS} == main.READERS


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_what_reads_a_log_takes_no_mistyped_folder_for_an_empty_one(tmp_path: Path, words: tuple[str, ...]) -> None:
    for folder in (tmp_path / "typo", tmp_path):
        done = parcours(folder, *words)
        assert (done.returncode, done.stdout) == (2, "")
        (sentence,) = done.stderr.splitlines()
        assert str(folder) in sentence
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [("history",), ("generate",), ("replay", "--quarter", "2024-Q2")], ids=" ".join)
def test_an_output_that_cannot_be_written_is_said(history_of_twenty: Path, words: tuple[str, ...]) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "services.cli.main", *words, "--data", str(history_of_twenty)]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr.splitlines()[-1:]) == (1, ["parcours: [Errno 28] No space left on device"])
    assert "Traceback" not in done.stderr
    with subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as piped:
        assert piped.stdout is not None
        piped.stdout.close()
        assert piped.stderr is not None
        assert "Traceback" not in piped.stderr.read()
        assert piped.wait(60) == 1


@pytest.fixture(scope="module")
def history_of_twenty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("twenty")
    (folder / "history.ndjson").write_text(parcours(folder, "generate", "--persons", "20", "--seed", "3").stdout)
    assert parcours(folder, "load", str(folder / "history.ndjson")).returncode == 0
    return folder


def test_a_generated_history_is_loaded_read_and_counted_without_a_server(tmp_path: Path) -> None:
    history = tmp_path / "history.ndjson"
    history.write_text(parcours(tmp_path, "generate", "--persons", "20", "--seed", "3").stdout)
    loaded = parcours(tmp_path, "load", str(history))
    assert loaded.returncode == 0, loaded.stderr
    assert "parcours rebuild" in loaded.stderr
    assert parcours(tmp_path, "rebuild").returncode == 0
    figures = parcours(tmp_path, "indicators", "--quarter", "2024-Q2", "--json")
    assert figures.returncode == 0, figures.stderr
    assert figures.stdout == parcours(tmp_path, "replay", "--quarter", "2024-Q2", "--json").stdout
    then = ("--as-of", "2024-05-15", "--quarter", "2024-Q2", "--json")
    past = parcours(tmp_path, "indicators", *then)
    assert (past.returncode, past.stdout) == (0, parcours(tmp_path, "replay", *then).stdout)
    assert past.stdout != figures.stdout
    changes = parcours(tmp_path, "changes", "--since", "2024-05-15", "--quarter", "2024-Q2", "--indicator", "interviews")
    before, after = (json.loads(answer.stdout)["indicators"]["interviews"]["value"] for answer in (past, figures))
    assert changes.returncode == 0, changes.stderr
    told = next(line for line in changes.stdout.splitlines() if line.startswith("interviews "))
    assert told.split() == ["interviews", str(before), "→", str(after)]
    assert changes.stdout.count("coaching.InterviewHeld: +1 interviews.numerator") == after - before
    facts = [parcours(tmp_path, "evidence", "interviews", "--quarter", "2024-Q2", *as_of) for as_of in ((), then[:2])]
    assert [done.stdout.splitlines()[0].split()[-1] for done in facts] == [str(after), str(before)]
    lines = parcours(tmp_path, "evidence", "interviews", "--quarter", "2024-Q2", *then[:2], "--json").stdout.splitlines()
    assert len({json.loads(line)["positions"][0] for line in lines}) == before
    nothing = parcours(tmp_path, "changes", "--since", "2024-05-15", "--until", "2024-05-15", "--quarter", "2024-Q2")
    assert (nothing.returncode, nothing.stdout.splitlines()[1:]) == (0, ["no figure differs"])
    audited = parcours(tmp_path, "audit", "figures")
    assert (audited.returncode, audited.stdout) == (0, "")
    assert "the ledger and the facts agree" in audited.stderr
    log = parcours(tmp_path, "history").stdout
    assert log.count("\n") > 100
    again = parcours(tmp_path, "load", str(history))
    assert again.returncode == 0
    assert parcours(tmp_path, "history").stdout == log
