"""The keys of an installation: each is made once, by whom it belongs to; what does not fit is one sentence."""

import os
import stat
from pathlib import Path

import pytest

from services.bootstrap.identity_files import IdentityFiles
from services.bootstrap.names import NAMES, PROCESSES
from services.bootstrap.parts import KEY_PARTS, needs_of
from services.bootstrap.settings import read_settings
from services.bootstrap.trust import Trust
from services.vocabulary import survey_ticket
from shared.errors import Forbidden, Misconfigured, Unavailable
from shared.trust import webhook_secrets
from shared.trust.identity_keys import new_signing_key
from shared.trust.seals import key_for
from tests.unit.cli.key_places import APART, COACH, files, run, trust


def test_every_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path, environ: dict[str, str]) -> None:
    assert run(tmp_path, "keys", "make") == 0
    made = {name: Path(path).read_bytes() for name, path in environ.items()}
    assert run(tmp_path, "keys", "make") == 0
    assert {name: Path(path).read_bytes() for name, path in environ.items()} == made
    modes = {name: stat.S_IMODE(Path(path).stat().st_mode) for name, path in environ.items()}
    assert modes == {name: 0o644 if name == "PARCOURS_PUBLIC_KEYS" else 0o600 for name in environ}
    secret = made["PARCOURS_KEYS"]
    assert made["PARCOURS_SURVEY_KEY"] == key_for(survey_ticket.PURPOSE, secret)
    assert made["PARCOURS_WEBHOOK_KEY"] == key_for(webhook_secrets.PURPOSE, secret)


def test_a_setup_makes_them_only_if_it_is_asked_to(tmp_path: Path, environ: dict[str, str]) -> None:
    """The setup of units runs as the services do, which may not write keys."""
    assert run(tmp_path, "setup", "--no-link") == 0
    assert [name for name, path in environ.items() if Path(path).exists()] == []
    assert run(tmp_path, "setup", "--no-link", "--keys") == 0
    assert [name for name, path in environ.items() if not Path(path).exists()] == []


def test_each_process_does_its_work_with_its_own_keys_alone(tmp_path: Path, environ: dict[str, str]) -> None:
    run(tmp_path, "keys", "make")
    gateway = trust(tmp_path, environ, "PARCOURS_KEYS", "PARCOURS_SIGNING_KEY", "PARCOURS_PUBLIC_KEYS")
    intake = trust(tmp_path, environ, "PARCOURS_PUBLIC_KEYS")
    coaching = trust(tmp_path, environ, "PARCOURS_PUBLIC_KEYS", "PARCOURS_SURVEY_KEY")
    webhooks = trust(tmp_path, environ, "PARCOURS_PUBLIC_KEYS", "PARCOURS_WEBHOOK_KEY")
    token = gateway.identity_signer.token(COACH, "intake")
    assert intake.verifiers["intake"].read(token) == COACH
    with pytest.raises(Forbidden):
        coaching.verifiers["coaching"].read(token)
    ticket = gateway.survey_seals.sealed("ticket")
    assert coaching.is_survey_ticket(ticket)
    assert webhooks.webhook_secrets.secret("w-1", 1) == gateway.webhook_secrets.secret("w-1", 1)
    for process, needed in ((intake, "is_survey_ticket"), (webhooks, "is_survey_ticket")):
        with pytest.raises(Unavailable):
            getattr(process, needed)(ticket)
    for process in (intake, coaching):
        with pytest.raises(Unavailable):
            process.webhook_secrets  # noqa: B018 - it is built here
    for process in (intake, coaching, webhooks):
        with pytest.raises(Misconfigured):
            process.identity_signer  # noqa: B018 - it is built here
    assert not (tmp_path / "of-a-process" / "keys").exists(), "no process makes a key of the installation that is none"


@pytest.mark.parametrize("process", PROCESSES)
def test_what_a_process_asks_for_is_what_it_needs(process: str) -> None:
    parts = {part.name for part in needs_of("service", process).parts & KEY_PARTS}
    expected = {"coaching": {"SURVEY_KEY"}, "webhooks": {"WEBHOOK_KEY"}, "gateway": {"KEYS", "SIGNING_KEY"}, "relay": {"SEAL_KEY"}}
    assert parts - {"PUBLIC_KEYS", "KEY_ENCRYPTION_KEY"} == expected.get(process, set())
    assert ("PUBLIC_KEYS" in parts) == (process != "relay")
    assert ("KEY_ENCRYPTION_KEY" in parts) == (
        process not in ("webhooks", "accounts", "relay")
    )  # who records what is personal, or shows it


def test_an_installation_that_has_the_old_key_alone_goes_on(tmp_path: Path) -> None:
    """Its keys of identities are made beside it; its old key counts for a day, so that its processes can be replaced one by one."""
    old = tmp_path / "secrets" / "keys"
    old.parent.mkdir()
    old.write_bytes(b"o" * 32)
    environ = {**APART, "PARCOURS_KEYS": str(old)}
    settings = read_settings(tmp_path / "data", environ=environ)
    Trust(settings).identity_signer  # noqa: B018 - a start of the gateway
    assert {path.name for path in old.parent.iterdir()} == {"keys", "signing_key.pem", "public_keys.json"}
    assert old.read_bytes() == b"o" * 32
    service = Trust(settings)
    assert service.verifiers["intake"].read(Trust(settings).identity_signer.token(COACH, "intake")) == COACH
    keys = IdentityFiles(settings.keys).public_keys()
    assert keys.previous_until == keys.keys[0].iat + 24 * 3600
    Trust(settings).survey_seals  # noqa: B018 - coaching goes on with the old key


def test_keys_of_identities_are_in_the_data_folder_where_nothing_can_be_made_beside_the_old_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the credentials of a systemd unit are: a folder of each process, which it cannot write to."""
    (tmp_path / "credentials").mkdir()
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path / "credentials")
    files = read_settings(tmp_path / "data", environ={**APART, "PARCOURS_KEYS": str(tmp_path / "credentials" / "keys")}).keys
    assert {files.signing.parent, files.public.parent} == {tmp_path / "data"}


def test_a_service_need_not_be_able_to_read_the_secret_key(tmp_path: Path, environ: dict[str, str]) -> None:
    run(tmp_path, "keys", "make")
    token = trust(tmp_path, environ, *environ).identity_signer.token(COACH, "intake")
    (tmp_path / "secret").mkdir()  # what cannot be read
    for path in ("secret", "coaching/key/below"):
        settings = read_settings(
            tmp_path, environ={**APART, **environ, "PARCOURS_KEYS": str(tmp_path / path)}, needs=needs_of("service", "intake")
        )
        assert Trust(settings).verifiers["intake"].read(token) == COACH


def test_a_new_installation_knows_no_release_before(tmp_path: Path, environ: dict[str, str]) -> None:
    run(tmp_path, "keys", "make")
    assert IdentityFiles(files(environ)).public_keys().previous_until is None


@pytest.mark.parametrize("words", [("setup", "--name", "marie", "--role", "auditor"), ("load", "none.ndjson")], ids=["setup", "load"])
def test_a_tool_that_makes_the_first_secret_key_is_no_release_before(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PARCOURS_AMQP_URI", APART["PARCOURS_AMQP_URI"])
    monkeypatch.setenv("PARCOURS_EVENT_STORE", f"sqlite:///{tmp_path}/log.sqlite")
    monkeypatch.setenv("PARCOURS_READ_MODELS", f"sqlite:///{tmp_path}/read_models.sqlite")
    monkeypatch.setenv("PARCOURS_PERSON_KEYS", f"sqlite:///{tmp_path}/person_keys.sqlite")
    (tmp_path / "none.ndjson").write_text("")
    monkeypatch.chdir(tmp_path)
    assert run(tmp_path, *words) == 0
    assert files(environ).installation.exists()
    assert IdentityFiles(files(environ)).make().kid  # the first start of a gateway
    assert IdentityFiles(files(environ)).public_keys().previous_until is None


def test_a_set_of_public_keys_that_was_lost_is_no_upgrade(tmp_path: Path, environ: dict[str, str]) -> None:
    run(tmp_path, "keys", "make")
    files(environ).public.unlink()
    os.utime(files(environ).signing, (0, 0))  # it was made long ago
    IdentityFiles(files(environ)).make()
    assert IdentityFiles(files(environ)).public_keys().previous_until is None


def test_a_folder_that_may_not_be_searched_is_one_sentence(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As /etc/parcours was for the units of the release before. This user may search any, so `exists` answers as it does for others."""
    exists = Path.exists

    def refused(path: Path) -> bool:
        if str(path) == environ["PARCOURS_PUBLIC_KEYS"]:
            raise PermissionError(13, "Permission denied", str(path))
        return exists(path)

    monkeypatch.setattr(Path, "exists", refused)
    for process in ("intake", "reporting", "referrals"):
        with pytest.raises(Misconfigured, match=rf"^PARCOURS_PUBLIC_KEYS: {environ['PARCOURS_PUBLIC_KEYS']}: Permission denied"):
            read_settings(tmp_path, environ={**APART, **environ}, needs=needs_of("service", process))


def test_no_secret_key_is_made_beside_one_that_follows_from_another(tmp_path: Path, environ: dict[str, str]) -> None:
    run(tmp_path, "keys", "make")
    files(environ).installation.unlink()
    assert run(tmp_path, "keys", "make") == 2
    assert not files(environ).installation.exists()


def test_a_key_that_cannot_be_kept_leaves_no_draft(tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert run(tmp_path, "keys", "make") == 2
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_in_one_process_the_keys_of_identities_are_in_no_file(tmp_path: Path) -> None:
    alone = Trust(read_settings(tmp_path, environ={}))
    assert alone.verifiers["intake"].read(alone.identity_signer.token(COACH, "intake")) == COACH
    assert alone.is_survey_ticket(alone.survey_seals.sealed("ticket"))
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]


def sentences(tmp_path: Path, environ: dict[str, str], process: str) -> tuple[str, ...]:
    try:
        settings = read_settings(tmp_path / "data", environ={**APART, **environ}, needs=needs_of("service", process))
        if process == "gateway":
            Trust(settings).identity_signer  # noqa: B018 - it is built here
    except Misconfigured as fault:
        return fault.sentences
    return ()


def test_what_does_not_fit_is_one_sentence_with_its_variable(tmp_path: Path, environ: dict[str, str]) -> None:
    run(tmp_path, "keys", "make")
    for process in PROCESSES:
        assert sentences(tmp_path, environ, process) == ()
    whole = {name: Path(path).read_bytes() for name, path in environ.items()}

    def refused(name: str, content: bytes | None, process: str) -> str:
        path = Path(environ[name])
        path.write_bytes(content) if content is not None else path.unlink()
        (sentence,) = sentences(tmp_path, environ, process)
        path.write_bytes(whole[name])
        assert "\n" not in sentence
        return sentence

    assert refused("PARCOURS_SIGNING_KEY", b"no key", "gateway").startswith("PARCOURS_SIGNING_KEY: ")
    assert refused("PARCOURS_SIGNING_KEY", None, "gateway").startswith("PARCOURS_SIGNING_KEY: ")
    assert "no service would know this gateway" in refused("PARCOURS_SIGNING_KEY", new_signing_key().pem(), "gateway")
    assert refused("PARCOURS_PUBLIC_KEYS", b"{}", "gateway").startswith("PARCOURS_PUBLIC_KEYS: ")
    for service in NAMES:
        assert refused("PARCOURS_PUBLIC_KEYS", b'{"keys": [{}]}', service).startswith("PARCOURS_PUBLIC_KEYS: ")
    for service in ("intake", "coaching", "referrals", "reporting", "gateway"):
        assert refused("PARCOURS_KEY_ENCRYPTION_KEY", b"short", service).startswith("PARCOURS_KEY_ENCRYPTION_KEY: ")
    assert refused("PARCOURS_SURVEY_KEY", b"short", "coaching").startswith("PARCOURS_SURVEY_KEY: ")
    assert refused("PARCOURS_WEBHOOK_KEY", None, "webhooks").startswith("PARCOURS_WEBHOOK_KEY: ")


def test_a_check_says_which_key_is_awaited(
    tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in APART.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PARCOURS_SURVEY_KEY")
    assert run(tmp_path, "check", "coaching") == 1
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("keys: ")]
    assert ["PARCOURS_PUBLIC_KEYS" in said[0], "PARCOURS_KEYS" in said[1], len(said)] == [True, True, 2]
    run(tmp_path, "keys", "make")
    capsys.readouterr()
    run(tmp_path, "check", "coaching")
    assert not any(line.startswith("keys: ") for line in capsys.readouterr().out.splitlines())


def test_a_key_that_follows_from_another_installation_is_refused(
    tmp_path: Path, environ: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, "keys", "make")
    Path(environ["PARCOURS_KEYS"]).write_bytes(b"a" * 32)
    capsys.readouterr()
    assert run(tmp_path, "keys", "make") == 2
    assert [line.split(":")[1].strip() for line in capsys.readouterr().err.splitlines()] == ["PARCOURS_SURVEY_KEY", "PARCOURS_WEBHOOK_KEY"]
