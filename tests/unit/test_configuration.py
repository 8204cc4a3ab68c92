"""The configuration of a process is checked before it starts: every variable known, complete and consistent, all faults at once."""

import argparse
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bootstrap.names import PROCESSES
from services.bootstrap.parts import OF_COMMANDS, OF_PERSONS, needs_of
from services.bootstrap.settings import Settings, read_settings
from services.bootstrap.variables import ADDRESSES as MAY_HOLD_A_PASSWORD
from services.bootstrap.variables import DEFAULTS, KNOWN, OF_TESTS, unknown
from services.cli.main import main, parser
from services.reporting.projection.generations import own
from shared.errors import Misconfigured
from tests.forks import ROOT

BROKER = {"PARCOURS_AMQP_URI": "amqp://u:sesame@127.0.0.1:1/"}
LOG = {"PARCOURS_EVENT_STORE": "postgresql://u:sesame@127.0.0.1:1/log"}
RECORDS = {"PARCOURS_GATEWAY_RECORDS": "postgresql://u:sesame@127.0.0.1:1/records"}
MODELS = {"PARCOURS_READ_MODELS": "postgresql://u:sesame@127.0.0.1:1/models"}
PERSON_KEYS = {"PARCOURS_PERSON_KEYS": "postgresql://u:sesame@127.0.0.1:1/person_keys"}
ADDRESSES = {**BROKER, **LOG, **MODELS, **RECORDS, **PERSON_KEYS}

NO_PERSON_KEYS = {"webhooks", "accounts", "relay"}


def faults(folder: Path, environ: dict[str, str], command: str = "serve", process: str | None = None) -> tuple[str, ...]:
    """The sentences that a start with these variables is refused with; none if it is not."""
    sentences: tuple[str, ...] = ()
    try:
        read_settings(folder, environ=environ, needs=needs_of(command, process))
    except Misconfigured as fault:
        sentences = fault.sentences
    assert not any("sesame" in sentence or "\n" in sentence for sentence in sentences)
    return sentences


def test_the_needs_of_every_command_are_known() -> None:
    (commands,) = [action.choices for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    assert {name for name in commands if name != "service"} == set(OF_COMMANDS)


@st.composite
def misspellings(draw: st.DrawFn) -> tuple[str, str]:
    """A known name, and the same with one character replaced, added, left out or swapped with the next."""
    known = draw(st.sampled_from(KNOWN))
    place = draw(st.integers(0, len(known) - 1))
    character = draw(st.characters(exclude_characters="=\0", exclude_categories=["Cs"]))
    before, after = known[:place], known[place:]
    swapped = before + after[1:2] + after[:1] + after[2:]
    odd = draw(st.sampled_from([before + character + after, before + character + after[1:], before + after[1:], swapped]))
    return known, odd


@given(misspellings())
def test_a_name_that_is_wrong_by_one_character_is_named_with_the_right_one(names: tuple[str, str]) -> None:
    known, odd = names
    if odd in KNOWN:
        return
    assert f"Did you mean {known}?" in (unknown(odd) or "")


@pytest.mark.parametrize("name", ["PARCOURS_OWNER_PASSWORD", "PARCOURS_", "PARCOURS_LAW_EXAMPLES", "PARCOURS_TEST"])
def test_a_name_that_means_nothing_is_refused(tmp_path: Path, name: str) -> None:
    (sentence,) = faults(tmp_path, {name: "sesame"})
    assert sentence.startswith(f"{name}: ")


@pytest.mark.parametrize("name", ["HOME", "COURSE", "OTHER_PARCOURS_KEYS", f"{OF_TESTS}POSTGRES", f"{OF_TESTS}LAW_EXAMPLES", *KNOWN])
def test_a_name_that_is_ours_or_of_others_is_none(name: str) -> None:
    assert unknown(name) is None


def test_all_faults_are_said_at_once_each_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"k" * 31)
    wrong = {
        "PARCOURS_KEYZ": "sesame",
        "PARCOURS_AMQP_URI": "redis://u:sesame@h",
        "PARCOURS_EVENT_STORE": "postgresql://u:100%sesame@h/log",
        "PARCOURS_READ_MODELS_FILE": str(tmp_path),
        "PARCOURS_KEYS": str(tmp_path / "short"),
        "PARCOURS_SURVEY_KEY": str(tmp_path / "short"),
        "PARCOURS_WEBHOOK_KEY": str(tmp_path / "nowhere"),
        "PARCOURS_TERRITORIES": "/nowhere.json",
        "PARCOURS_RATE_LIMIT": "many",
        "PARCOURS_CLOCK_TOLERANCE_S": "soon",
        "PARCOURS_METRICS_FROM": "everywhere",
        "PARCOURS_METRICS_LISTEN": "everywhere",
        "PARCOURS_LOG_FORMAT": "xml",
        "PARCOURS_LOG_LEVEL": "warning,shared.bus=loud",
        "PARCOURS_PROXY_HEADERS": "x-real-ip",
        "PARCOURS_WEBHOOK_RETRIES": "never",
        "PARCOURS_WEBHOOK_TIMEOUT_S": "0",
    }
    assert sorted(sentence.partition(":")[0] for sentence in faults(tmp_path, wrong)) == sorted(wrong)


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_on_rabbitmq_makes_no_database_of_its_own(tmp_path: Path, process: str) -> None:
    """The gateway keeps its records in its own folder, or wherever it is told to."""
    missing = [sentence.partition(":")[0] for sentence in faults(tmp_path, BROKER, "service", process)]
    models = ["PARCOURS_READ_MODELS"] if process == "reporting" else []
    assert missing == ["PARCOURS_EVENT_STORE", *models, *([] if process in NO_PERSON_KEYS else ["PARCOURS_PERSON_KEYS"])]
    assert faults(tmp_path, {**BROKER, **LOG, **MODELS, **PERSON_KEYS}, "service", process) == ()


@pytest.mark.parametrize("process", sorted(NO_PERSON_KEYS))
def test_who_records_nothing_personal_is_given_no_keys(tmp_path: Path, process: str) -> None:
    """Not even one that does not serve is looked at."""
    assert not needs_of("service", process).parts & OF_PERSONS
    (tmp_path / "short").write_bytes(b"k")
    given = {**BROKER, **LOG, **MODELS, "PARCOURS_KEY_ENCRYPTION_KEY": str(tmp_path / "short")}
    assert faults(tmp_path, given, "service", process) == ()
    assert faults(tmp_path, {**given, **PERSON_KEYS}, "service", "intake")[0].startswith("PARCOURS_KEY_ENCRYPTION_KEY: ")


@pytest.mark.parametrize("other", ["PARCOURS_EVENT_STORE", "PARCOURS_READ_MODELS", "PARCOURS_GATEWAY_RECORDS"])
def test_the_keys_of_persons_are_in_no_database_that_is_copied_for_something_else(tmp_path: Path, other: str) -> None:
    """Who has a copy of the log, the read models or the records of the gateway must not have the keys with it."""
    (sentence,) = faults(tmp_path, {**ADDRESSES, "PARCOURS_PERSON_KEYS": ADDRESSES[other]})
    assert sentence.startswith("PARCOURS_PERSON_KEYS: a database of its own is expected")


@pytest.mark.parametrize("command", ["serve", "demo", "check"])
def test_all_services_on_rabbitmq_need_every_address(tmp_path: Path, command: str) -> None:
    needed = ("PARCOURS_EVENT_STORE", "PARCOURS_READ_MODELS", "PARCOURS_PERSON_KEYS")
    assert [sentence.partition(":")[0] for sentence in faults(tmp_path, BROKER, command)] == [*needed]
    files = {name: f"sqlite:////srv/{name}.sqlite" for name in needed}
    assert faults(tmp_path, {**BROKER, **files}, command) == ()
    assert faults(tmp_path, {}, command) == ()


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_of_its_own_needs_a_broker_between_processes(tmp_path: Path, process: str) -> None:
    (sentence,) = faults(tmp_path, {**LOG, **MODELS, **PERSON_KEYS}, "service", process)
    assert sentence.startswith("PARCOURS_AMQP_URI: ")


def test_what_needs_no_log_is_started_without_one(tmp_path: Path) -> None:
    assert faults(tmp_path, BROKER, "tail") == ()


def test_a_restore_needs_none_of_the_keys_that_are_made_again(tmp_path: Path) -> None:
    """Where every key has a place of its own, as in a container of administrators, and none is there yet."""
    names = ("KEYS", "KEY_ENCRYPTION_KEY", "SEAL_KEY", "SIGNING_KEY", "PUBLIC_KEYS", "SURVEY_KEY", "WEBHOOK_KEY")
    environ = {f"PARCOURS_{name}": str(tmp_path / name) for name in names}
    assert read_settings(tmp_path, environ=environ, needs=needs_of("restore", None)).keys.survey == tmp_path / "SURVEY_KEY"


def read(folder: Path, **environ: str) -> Settings:
    return read_settings(folder, environ=environ)


@pytest.mark.parametrize("name", MAY_HOLD_A_PASSWORD)
def test_an_address_may_stand_in_a_file(tmp_path: Path, name: str) -> None:
    address = ADDRESSES[name]
    others = {other: given for other, given in ADDRESSES.items() if other != name}
    file = tmp_path / "secret"
    file.write_text(f"{address}\n")
    given = read(tmp_path, **others, **{f"{name}_FILE": str(file)})
    addresses = (given.amqp_uri, given.event_store, given.read_models, given.gateway_records, given.person_keys)
    assert {each.reveal() for each in addresses} == set(ADDRESSES.values())
    file.write_text(f"{address}\n\n")  # one line end belongs to the file, not two
    (sentence,) = faults(tmp_path, {**others, f"{name}_FILE": str(file)})
    assert sentence.startswith(f"{name}_FILE: {file}: ")


@pytest.mark.parametrize("name", MAY_HOLD_A_PASSWORD)
def test_a_file_that_does_not_serve_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff")
    (tmp_path / "address").write_text("mysql://u:sesame@h")
    for file in ("bytes", "address", "missing", "."):
        (sentence,) = faults(tmp_path, {f"{name}_FILE": str(tmp_path / file)}, "generate")
        assert sentence.startswith(f"{name}_FILE: {tmp_path / file}: ")
    (sentence,) = faults(tmp_path, {**ADDRESSES, f"{name}_FILE": str(tmp_path / "address")})
    assert "both" in sentence


def test_settings_show_no_password(tmp_path: Path) -> None:
    settings = read(tmp_path, **LOG, **MODELS, PARCOURS_AMQP_URI="amqp://a:sesame@h1;amqp://b:sesame@h2;amqp://c:sesame@h3/v")
    assert "sesame" not in f"{settings} {settings!r} {settings.amqp_uri} {settings.read_models!r}"
    assert "amqp://c@h3/v" in repr(settings)


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in KNOWN:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_a_check_of_the_defaults_is_well_and_makes_nothing(
    tmp_path: Path, clean: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "--data", str(tmp_path / "new")]) == 0
    assert [line.partition(",")[0] for line in capsys.readouterr().out.splitlines()] == [
        f"{part}: ok" for part in ("settings", "log", "read models", "gateway records", "person keys", "broker")
    ]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("log", "models", "code"),
    [
        ("/dev/null/log.sqlite", "{folder}/new.sqlite", 2),
        ("{folder}/damaged", "{folder}/new.sqlite", 1),
        ("{folder}/new.sqlite", "{folder}/damaged", 1),
        ("/dev/null/log.sqlite", "{folder}/damaged", 2),
    ],
)
def test_a_check_of_files_says_which_cannot_be_used(
    tmp_path: Path, clean: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], log: str, models: str, code: int
) -> None:
    for name in ("damaged", f"damaged-{own()}"):  # the log, and the read models of this version
        (tmp_path / name).write_bytes(b"no database " * 1_000)
    clean.setenv("PARCOURS_EVENT_STORE", f"sqlite:///{log.format(folder=tmp_path)}")
    clean.setenv("PARCOURS_READ_MODELS", f"sqlite:///{models.format(folder=tmp_path)}")
    assert main(["check", "--data", str(tmp_path)]) == code
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    assert ("PARCOURS_EVENT_STORE" in lines[1], "PARCOURS_READ_MODELS" in lines[2]) == ("new" not in log, "new" not in models)
    assert {path.name for path in tmp_path.iterdir()} == {"damaged", f"damaged-{own()}"}


def test_a_check_of_servers_that_are_away_says_so(tmp_path: Path, clean: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name, value in {**BROKER, **LOG, **MODELS, **PERSON_KEYS}.items():
        clean.setenv(name, value)
    assert main(["check", "--data", str(tmp_path)]) == 1
    output = capsys.readouterr()
    assert all(name in output.out for name in (*BROKER, *LOG, *MODELS, *PERSON_KEYS))
    assert "sesame" not in output.out + output.err
    assert main(["check", "relay", "--data", str(tmp_path)]) == 1
    output = capsys.readouterr()
    assert not any(part in output.out for part in ("read models", "person keys"))


ROW = re.compile(r"^\| `(PARCOURS_[A-Z_]+)` \| (?:`(.*?)`|none) \|", re.MULTILINE)


def test_the_documented_variables_are_those_of_the_code() -> None:
    documented = dict(ROW.findall((ROOT / "docs" / "how-to" / "operate.md").read_text()))
    written = {name: default.format(data="DIR", deploy="deploy") for name, default in DEFAULTS.items()}
    assert documented == written
