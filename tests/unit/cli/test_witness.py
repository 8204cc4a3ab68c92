"""`parcours witness` cosigns a bundle on a machine without a log, `verify --witness` asks for that, and a fork is named."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from services.cli.main import main
from tests.harness.world import World
from tests.unit.cli.test_sealed_backup import sealed


@pytest.fixture
def live(tmp_path: Path) -> World:
    return World(tmp_path / "live")


def bundle(tmp_path: Path, name: str, of: str = "live") -> Path:
    assert main(["bundle", str(tmp_path / name), "--data", str(tmp_path / of)]) == 0
    return tmp_path / name


def witness(tmp_path: Path, folder: Path, log: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(["witness", str(folder), "--log", log, "--data", str(tmp_path / "witness")])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def key_of_witness(printed: str) -> str:
    return printed.rpartition("Key of the witness: ")[2].strip().removesuffix(".")


def test_what_it_cosigned_is_verified_and_what_it_did_not_is_named(live: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    live.meet()
    sealed(live)
    first = bundle(tmp_path, "first")
    log = (first / "key.txt").read_text().strip()
    code, note, said = witness(tmp_path, first, log, capsys)
    assert (code, note.startswith((first / "checkpoint.txt").read_text())) == (0, True)
    kept, key = tmp_path / "kept.txt", key_of_witness(said)
    kept.write_text(note)
    live.meet()
    sealed(live)
    verify = ["verify", "--data", str(tmp_path / "live"), "--witness", key, "--checkpoint"]
    assert main([*verify, str(kept)]) == 0, capsys.readouterr()
    assert main([*verify, str(first / "checkpoint.txt")]) == 1
    assert "signature: " in (out := capsys.readouterr().out)
    assert f"not cosigned by {'+'.join(key.split('+')[:2])}" in out
    again = witness(tmp_path, bundle(tmp_path, "second"), log, capsys)
    assert (again[0], key_of_witness(again[2])) == (0, key)
    assert (tmp_path / "witness" / "witness_key").stat().st_mode & 0o777 == 0o600


def test_a_log_that_was_written_anew_is_not_cosigned(live: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    live.meet()
    sealed(live)
    first = bundle(tmp_path, "first")
    log = (first / "key.txt").read_text().strip()
    assert witness(tmp_path, first, log, capsys)[0] == 0
    with closing(sqlite3.connect(tmp_path / "live" / "log.sqlite")) as connection, connection:
        for trigger in ("events_never_change", "tree_heads_never_go"):
            connection.execute(f"drop trigger {trigger}")
        connection.execute("update events set message = replace(message, 'NON_INSCRIT', 'INCONNU')")
        connection.execute("delete from tree_heads")
        connection.execute("delete from checkpoints where name = 'sealer'")
    sealed(World(tmp_path / "live"))
    code, note, said = witness(tmp_path, bundle(tmp_path, "second"), log, capsys)
    assert (code, note) == (1, "")
    assert "Nothing is cosigned: the first" in said
    assert "the log was forked, or written anew." in said


def test_a_witness_that_cannot_read_what_it_has_seen_cosigns_nothing(
    live: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    live.meet()
    sealed(live)
    first = bundle(tmp_path, "first")
    log = (first / "key.txt").read_text().strip()
    assert witness(tmp_path, first, log, capsys)[0] == 0
    seen = tmp_path / "witness" / "witness.json"
    assert list(json.loads(seen.read_bytes())) == [log.partition("+")[0]]
    seen.write_text("{")
    assert witness(tmp_path, first, log, capsys)[:2] == (2, "")
    seen.write_text(json.dumps({log.partition("+")[0]: "no note"}))
    assert witness(tmp_path, first, log, capsys)[:2] == (1, "")


def test_misuse_is_a_sentence(live: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    live.meet()
    sealed(live)
    first = bundle(tmp_path, "first")
    log = (first / "key.txt").read_text().strip()
    assert witness(tmp_path, first, "no key", capsys)[0] == 2
    assert witness(tmp_path, tmp_path / "nothing", log, capsys)[0] == 2
    data = ["--data", str(tmp_path / "live")]
    assert main(["verify", "--witness", log, *data]) == 2
    assert "--checkpoint" in capsys.readouterr().err
    assert main(["verify", "--witness", log, "--checkpoint", str(first / "checkpoint.txt"), *data]) == 2
    shutil.rmtree(first)
