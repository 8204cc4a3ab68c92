"""`parcours setup` on this machine: the tables, and a link for whoever is asked for."""

from pathlib import Path

import pytest

from services.bootstrap.composition import Components
from services.bootstrap.settings import read_settings
from services.cli.main import main
from services.gateway.login_links import LoginLinks
from shared.time import now
from shared.trust.access import Identity
from tests.harness.accounts import give


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARCOURS_EVENT_STORE", raising=False)


def opened_by(link: str, folder: Path) -> Identity:
    components = Components(read_settings(folder, environ={}))
    return (
        LoginLinks(components.settings.key(), now).redeem(link.strip().partition("#")[2], components.gateway_records.redeem_link).identity
    )


def test_a_link_is_printed_and_nothing_else_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["setup", "--data", str(tmp_path), "--role", "coach", "--territory", "flers", "--name", "coach-7", "--organisation", "etape"]
    assert main([*words, "--url", "https://parcours.example"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("https://parcours.example/lien#")
    assert told.out.count("\n") == 1
    assert "coach-7, coach in flers, within 1 h" in told.err
    identity = opened_by(told.out, tmp_path)
    assert (identity.actor.id, identity.actor.role, identity.actor.organisation) == ("coach-7", "coach", "etape")
    assert identity.territories == ("flers",)


def test_without_options_it_is_for_an_administrator_everywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["setup", "--data", str(tmp_path)]) == 0
    identity = opened_by(capsys.readouterr().out, tmp_path)
    assert (identity.actor.role, identity.territories) == ("administrator", ("*",))


def test_a_link_is_for_an_account_with_a_grant_which_is_recorded_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["setup", "--data", str(tmp_path), "--name", "marie"]
    for more in ([], [], ["--role", "auditor"]):
        assert main([*words, *more]) == 0
    components = Components(read_settings(tmp_path, environ={}))
    account = components.accounts().accounts["marie"]
    assert [(grant.role, grant.territories) for grant in account.grants] == [("administrator", ["all"]), ("auditor", ["all"])]
    assert [event.actor.role for event in components.store.read_stream("accounts")] == ["system"] * 3
    capsys.readouterr()


def test_no_link_is_made_for_an_account_that_lets_nobody_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("marie", "nadia"):
        assert main(["setup", "--data", str(tmp_path), "--name", name]) == 0
    components = Components(read_settings(tmp_path, environ={}))
    give(components, "SuspendAccount", account="marie", reason="INCIDENT_DE_SECURITE")
    capsys.readouterr()
    assert main(["setup", "--data", str(tmp_path), "--name", "marie"]) == 2
    told = capsys.readouterr()
    assert (told.out, "marie is suspended" in told.err) == ("", True)


def test_the_tables_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["setup", "--no-link", "--data", str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""
    assert {path.name for path in tmp_path.iterdir() if path.suffix == ".sqlite"} == {"log.sqlite", "gateway.sqlite"}
    assert not (tmp_path / "keys").exists(), "the services make the key, under their own user"


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["--role", "system"], "--role"),
        (["--role", "prescriber"], "--organisation"),
        (["--territory", "mars"], "--territory"),
        (["--territory", "flers-argentan"], "--territory"),
        (["--name", "Jeanne d’Arc"], "--name"),
    ],
)
def test_nobody_is_let_in_who_cannot_be(words: list[str], option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["setup", "--data", str(tmp_path), *words]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert option in told.err
    assert not (tmp_path / "log.sqlite").exists()


@pytest.mark.parametrize("words", [["--hours", "0"], ["--hours", "169"], ["--url", "javascript:alert(1)"], ["--url", "https://a b"]])
def test_arguments_that_make_no_sense_are_misuse(words: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["setup", "--data", str(tmp_path), *words])
    assert ended.value.code == 2
