"""The key that signs checkpoints: made once, kept from others, and nothing else is taken for it."""

import threading
from pathlib import Path

import pytest

from services.bootstrap.seal_key import check_seal_key, existing_seal_key, seal_key
from services.cli.main import main
from shared.errors import Misconfigured
from tests.unit.shared.proof.test_notes import GO_SIGNER, GO_VERIFIER


def test_the_first_start_makes_a_key_with_a_name_of_its_own_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "new" / "seal_key"
    check_seal_key(path)
    assert not path.parent.exists()
    key = seal_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert key.reveal() == seal_key(path).reveal() == existing_seal_key(path).reveal()
    assert key.verifier.name.startswith("parcours/")
    assert seal_key(tmp_path / "other").verifier.name != key.verifier.name
    assert [file.name for file in path.parent.iterdir()] == ["seal_key"]


def test_processes_that_start_together_have_the_same_key(tmp_path: Path) -> None:
    keys: list[str] = []
    threads = [threading.Thread(target=lambda: keys.append(seal_key(tmp_path / "seal_key").reveal())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_a_key_of_gos_tools_is_taken(tmp_path: Path) -> None:
    (tmp_path / "seal_key").write_text(f"{GO_SIGNER}\n")
    assert str(seal_key(tmp_path / "seal_key").verifier) == GO_VERIFIER


@pytest.mark.parametrize("content", [b"", b"short", GO_VERIFIER.encode(), GO_SIGNER[:-4].encode(), b"\xff" * 40])
def test_what_is_no_key_is_refused_without_showing_it(tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "seal_key").write_bytes(content)
    with pytest.raises(Misconfigured, match="PARCOURS_SEAL_KEY") as refused:
        check_seal_key(tmp_path / "seal_key")
    assert content.decode(errors="replace")[12:] not in str(refused.value) or len(content) < 13
    assert main(["check", "--data", str(tmp_path)]) == 2
    assert "PARCOURS_SEAL_KEY" in capsys.readouterr().err


def test_who_only_reads_makes_no_key(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="no such file"):
        existing_seal_key(tmp_path / "seal_key")
    assert list(tmp_path.iterdir()) == []
