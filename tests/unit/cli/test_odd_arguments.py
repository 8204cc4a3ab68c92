"""Arguments and settings that make no sense: exit code 2 and one sentence, or 1 where the log or the rules refuse; never a traceback."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bootstrap.addresses import SCHEMES, checked
from services.bootstrap.settings import read_settings
from services.cli.main import main
from shared.errors import Misconfigured
from shared.store.sqlite.store import SqliteStore

ODD_NUMBERS = ("-1", "+1", "1.5", "1e3", "1_0", "\u0663", "x", "", "9" * 19, "9" * 5_000)
ODD_DATES = ("yesterday", "2024-02-30", "20240101", "2024-W01-1", "0000-01-01", "", "2024-1-1", "\u0662\u0660\u0662\u0664-01-01")
ODD_ARGUMENTS = [
    *(("generate", "--persons", odd) for odd in ODD_NUMBERS),
    *(("generate", "--seed", odd) for odd in ODD_NUMBERS),
    *(("generate", option, odd) for option in ("--from", "--to") for odd in ODD_DATES),
    ("generate", "--from", "2024-06-30", "--to", "2024-06-29"),
    *(("history", "--after", odd) for odd in ODD_NUMBERS),
    *(("history", "--territory", odd) for odd in ("paris", "", "ALENCON", "all")),
    *(("indicators", "--quarter", "2024-Q2", "--definitions", odd) for odd in (*ODD_NUMBERS, "0")),
    *((command, "--quarter", odd) for command in ("indicators", "replay") for odd in ("2024-Q9", "2024", "", "2024-q2", "\u0662024-Q2")),
    *((command, "--quarter", "2024-Q2", "--territory", odd) for command in ("indicators", "replay") for odd in ("nowhere", "", "ALENCON")),
    *(("evidence", "people_met", "--quarter", "2024-Q2", "--as-of", odd) for odd in (*ODD_DATES[:1], "-1")),
    *(("changes", "--quarter", "2024-Q2", "--since", odd) for odd in (*ODD_DATES[:1], "-1", "9" * 19, "2024-05-01T25:00", "2024-05-01T")),
    *(("replay", "--as-of", odd) for odd in (*ODD_DATES[:1], *ODD_DATES[4:], "-1", "\u0663", "9" * 19, "9" * 5_000)),
    *(("history", "--port", odd) for odd in (*ODD_NUMBERS, "65536")),
    *(("history", "--host", odd) for odd in ("", "::1", "a b", "x" * 300, "\u00e9")),
    *(("tail", "--offset", odd) for odd in (*ODD_NUMBERS, "first,last")),
    *(("load", odd) for odd in ("", "/", "/nowhere.ndjson", "a\0b")),
    ("dead", "list", "--service", "reports"),
    ("projections", "retry", "--service", ""),
    ("service", "everything"),
    ("",),
]
STORE, MODELS, BROKER = "PARCOURS_EVENT_STORE", "PARCOURS_READ_MODELS", "PARCOURS_AMQP_URI"
TERRITORIES, TOLERANCE = "PARCOURS_TERRITORIES", "PARCOURS_CLOCK_TOLERANCE_S"
ODD_SETTINGS = [
    *(
        (STORE, odd)
        for odd in ("", "log.sqlite", "sqlite:", "sqlite://", "sqlite:///", "mysql://u:secret@h", "u:secret@h", "u:secret@h://")
    ),
    *((STORE, odd) for odd in ("postgresql://u:secret@h:port/x", "postgresql://u:secret@[::1/x", "kurrentdb://", "esdb:x")),
    *((MODELS, odd) for odd in ("", "x", "mysql://u:secret@h/x", "postgresql+asyncpg://u:secret@h", "sqlite:x", "sqlite://")),
    *((BROKER, odd) for odd in ("", "x", "http://u:secret@h", "amqp://u:secret@h:port/", "amqp://h:1/;redis://u:secret@h")),
    *((TERRITORIES, odd) for odd in ("/nowhere.json", "/", "{folder}/nothing.json", "{folder}/garbage.json", "{folder}/wrong.json")),
    *(("PARCOURS_ENVIRONMENT", odd) for odd in ("Production", "a.b", "é", "a b", "x" * 33, "a\n")),
    *(("PARCOURS_RATE_LIMIT", odd) for odd in ("", "x", "0/10", "10/0", "10/5", "1", "1/2/3", "-1/5")),
    *(("PARCOURS_METRICS_FROM", odd) for odd in ("x", "10.0.0.0/99", "10.0.0.1/8", "::1/200")),
    *(
        ("PARCOURS_METRICS_LISTEN", odd)
        for odd in ("9464", ":9464", "localhost:9464", "127.0.0.1", "127.0.0.1:0", "1.2.3.4:65536", "::1:9464")
    ),
    *((TOLERANCE, odd) for odd in ("", "x", "nan", "inf", "-1", "1e3", "9" * 30)),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    SqliteStore(tmp_path / "log.sqlite").close()
    (tmp_path / "nothing.json").write_text("{}")
    (tmp_path / "garbage.json").write_bytes(b"\xff")
    wrong = {
        "programme": "p",
        "label": "P",
        "from": "2022-06-01",
        "territories": [],
        "groupings": [{"id": "all", "label": "", "territories": ["a"]}],
    }
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))
    return tmp_path


def run(folder: Path, *words: str) -> int:
    try:
        return main([*words, "--data", str(folder)])
    except SystemExit as ended:  # of argparse
        return int(str(ended.code))


@pytest.mark.parametrize("words", ODD_ARGUMENTS, ids=lambda words: " ".join(words)[:60].encode("unicode_escape").decode())
def test_an_odd_argument_is_misuse(folder: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, *words) == 2
    out, sentence = capsys.readouterr()
    assert out == ""
    assert 0 < len(sentence.splitlines()[-1]) < 250


@pytest.mark.parametrize(("variable", "value"), ODD_SETTINGS)
def test_an_odd_setting_is_misuse(
    folder: Path, variable: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, value.format(folder=folder))
    assert run(folder, "history") == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert variable in sentence
    assert "secret" not in sentence


@pytest.mark.parametrize("data", ["/dev/null/x", "{folder}/nothing.json", "a\0b"])
def test_a_folder_that_cannot_be_made_is_misuse(folder: Path, data: str) -> None:
    assert main(["history", "--data", data.format(folder=folder)]) == 2


@pytest.mark.parametrize(
    "words",
    [
        ("history", "--after", "7"),
        ("replay", "--as-of", "7"),
        ("replay",),
        ("indicators", "--quarter", "2024-Q2", "--as-of", "7"),
        ("evidence", "people_met", "--quarter", "2024-Q2", "--side", "denominator", "--as-of", "7"),
        ("changes", "--quarter", "2024-Q2", "--since", "7"),
    ],
)
def test_what_the_log_does_not_have_is_refused(folder: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, *words) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("action", ["list", "replay"])
@pytest.mark.parametrize("content", [None, b"no database " * 100])
def test_dead_letters_that_cannot_be_read_are_named(
    folder: Path, action: str, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    letters = folder / "dead_letters.sqlite"
    letters.mkdir() if content is None else letters.write_bytes(content)
    assert run(folder, "dead", action) == 1
    (sentence,) = capsys.readouterr().err.splitlines()
    assert str(letters) in sentence


@pytest.mark.parametrize("size", [0, 31])
def test_a_key_that_is_too_short_signs_nothing(folder: Path, size: int) -> None:
    (folder / "keys").write_bytes(b"k" * size)
    with pytest.raises(Misconfigured):
        read_settings(folder, environ={}).key()


@given(st.sampled_from(list(SCHEMES)), st.text() | st.from_regex(r"[a-z]+://[^ ]{0,30}"))
def test_any_address_is_taken_or_refused(variable: str, address: str) -> None:
    try:
        taken = checked(variable, address)
    except Misconfigured:
        return
    assert taken.reveal() == address


@pytest.mark.parametrize(
    ("variable", "address"),
    [
        (STORE, "postgresql://u:p%40ss@h1:5432,h2:5433/log?target_session_attrs=read-write"),
        (STORE, "postgresql:///log?host=/run/postgresql"),
        (STORE, "kurrentdb+discover://u:p@h1:2113,h2:2113?tls=false"),
        (STORE, "sqlite:////var/lib/log.sqlite"),
        (MODELS, "postgresql+psycopg://u:p@[::1]:5432/models"),
        (BROKER, "amqps://u:p@h1:5671/vhost;amqps://u:p@h2/vhost"),
        (BROKER, "embedded://localhost"),
    ],
)
def test_every_documented_address_is_taken(variable: str, address: str) -> None:
    assert checked(variable, address).reveal() == address
