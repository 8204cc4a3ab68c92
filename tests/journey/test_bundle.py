"""What an auditor carries away: each way to change it is named by its own program, which is run as a process without the product."""

import ast
import json
import os
import shutil
import subprocess
import sys
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.bootstrap.seal_key import existing_seal_key
from services.cli.main import main
from shared.proof.merkle import leaf_hash
from shared.proof.notes import SignerKey
from shared.proof.proofs import root_of
from shared.proof.tree_checkpoint import sign_checkpoint
from shared.proof.verify import Fold
from tests.journey.conftest import UNSEALED

PROGRAM = Path(__file__).parent.parent.parent / "shared" / "proof" / "verify.py"
Lines = list[bytes]


def verified(bundle: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Its own program, in an environment that does not find the product."""
    command = [sys.executable, "-P", str(bundle / "verify.py"), *words]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, cwd=bundle, env=env, capture_output=True, text=True, timeout=60, check=False)


def wrong(bundle: Path, *words: str) -> str:
    answer = verified(bundle, *words)
    assert answer.returncode == 1, answer
    return answer.stdout


def change_events(bundle: Path, change: Callable[[Lines], object]) -> None:
    lines = (bundle / "events.ndjson").read_bytes().splitlines()
    change(lines)
    (bundle / "events.ndjson").write_bytes(b"\n".join(lines) + b"\n")


def checkpoints(bundle: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (bundle / "checkpoints.ndjson").read_bytes().splitlines()]


def write_checkpoints(bundle: Path, heads: list[dict[str, Any]]) -> None:
    (bundle / "checkpoints.ndjson").write_text("".join(json.dumps(head) + "\n" for head in heads))


def test_a_bundle_is_whole_and_its_figures_are_those_that_the_product_prints(
    bundle: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = verified(bundle)
    events = len((bundle / "events.ndjson").read_bytes().splitlines())
    assert (answer.returncode, answer.stderr) == (0, "")
    key = (bundle / "key.txt").read_text()
    covered, told, last = answer.stdout.splitlines()
    assert covered == f"{events} events, of which {events - UNSEALED} are sealed, by {key.strip()}; nothing proves those after them"
    assert (int(told.partition(" ")[0]) > 10, last) == (True, "nothing wrong")
    assert verified(bundle, "--key", key, "--checkpoint", str(bundle / "checkpoint.txt")).returncode == 0
    assert bundle.stat().st_mode & 0o777 == 0o700
    assert main(["rebuild", "--data", str(data)]) == 0
    figures = json.loads((bundle / "figures.json").read_bytes())
    assert any(cells["all"]["positive_rate"]["numerator"] for cells in figures.values())
    for quarter in list(figures)[-4:]:
        capsys.readouterr()
        assert main(["indicators", "--territory", "all", "--quarter", quarter, "--json", "--data", str(data)]) == 0
        printed = json.loads(capsys.readouterr().out)["indicators"]
        assert {name: printed[name] for name in ("people_met", "redirection_rate", "positive_rate")} == figures[quarter]["all"]


def test_a_bundle_holds_what_its_events_are_read_by(bundle: Path) -> None:
    events = [json.loads(line) for line in (bundle / "events.ndjson").read_bytes().splitlines()]
    schemas = json.loads((bundle / "schemas.json").read_bytes())
    assert {event["dataschema"] for event in events} <= schemas.keys()
    published = [event["data"] for event in events if event["type"].endswith("DefinitionsPublished")]
    assert json.loads((bundle / "definitions.json").read_bytes()) == published != []
    assert (bundle / "checkpoint.txt").read_text() == checkpoints(bundle)[-1]["note"]


def test_the_program_is_short_and_imports_nothing_of_ours(bundle: Path) -> None:
    text = (bundle / "verify.py").read_text()
    assert text == PROGRAM.read_text()
    assert len(text.splitlines()) <= 250
    imported = {node.module or "" for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import) for name in node.names}
    assert {name.partition(".")[0] for name in imported} <= {*sys.stdlib_module_names, "cryptography"}


def test_one_byte_that_changes_is_named(bundle: Path) -> None:
    def change(lines: Lines) -> None:
        lines[100] = lines[100].replace(b'"actor":{"id":"', b'"actor":{"id":"x', 1)

    change_events(bundle, change)
    said = wrong(bundle)
    assert "event number 101 was changed" in said
    assert "the checkpoint of 150 events has another root than the first 150 events" in said
    assert "the checkpoint of 100 events" not in said


def test_an_event_that_is_gone_is_named(bundle: Path) -> None:
    change_events(bundle, lambda lines: lines.pop(100))
    said = wrong(bundle)
    assert "event number 101 is missing" in said
    assert "position 102, follows 101, and position 100 is before it" in said


def test_two_events_that_are_swapped_are_named(bundle: Path) -> None:
    def swap(lines: Lines) -> None:
        lines[100], lines[101] = lines[101], lines[100]

    change_events(bundle, swap)
    said = wrong(bundle)
    assert "event number 101 was moved: it stands as number 102 of the file" in said
    assert "event number 102 was moved: it stands as number 101 of the file" in said


def test_an_event_that_is_added_is_named(bundle: Path) -> None:
    change_events(bundle, lambda lines: lines.insert(100, lines[100].replace(b'"position"', b'"more":1,"position"', 1)))
    assert "event number 101 of the file was added" in wrong(bundle)


def test_a_tail_that_is_cut_off_is_named(bundle: Path) -> None:
    def cut(lines: Lines) -> None:
        del lines[-UNSEALED - 3 :]

    change_events(bundle, cut)
    assert "the end is cut off" in wrong(bundle)


def test_a_tail_that_is_cut_off_with_its_checkpoints_is_named_by_who_kept_one(bundle: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    shutil.copy(bundle / "checkpoint.txt", kept)
    change_events(bundle, lambda lines: lines.__delitem__(slice(100, None)))
    write_checkpoints(bundle, checkpoints(bundle)[:2])
    left = [json.loads(line) for line in (bundle / "events.ndjson").read_bytes().splitlines()]
    figures = {"2024-Q2": {"all": Fold(left, "2024-Q2").figures("all")}}  # whoever cuts the end counts what is left
    (bundle / "figures.json").write_text(json.dumps(figures))
    assert verified(bundle).returncode == 0
    assert f"{kept} was signed for" in wrong(bundle, "--checkpoint", str(kept))


def test_events_without_a_checkpoint_are_not_proved(bundle: Path) -> None:
    (bundle / "checkpoints.ndjson").write_text("")
    assert "no checkpoint of the bundle is in order: nothing proves its events" in wrong(bundle)


def test_figures_that_are_left_out_are_missed(bundle: Path) -> None:
    (bundle / "figures.json").write_text("{}")
    assert "no figures are told" in wrong(bundle)


def test_a_forged_signature_is_named(bundle: Path) -> None:
    heads = checkpoints(bundle)
    text, _, line = heads[1]["note"].rpartition(" ")
    signature = bytearray(b64decode(line))
    signature[-1] ^= 1
    heads[1]["note"] = f"{text} {b64encode(signature).decode()}\n"
    write_checkpoints(bundle, heads)
    assert "the checkpoint of 100 events: the signature by" in wrong(bundle)


def test_leaves_that_are_forged_with_an_event_prove_nothing(bundle: Path) -> None:
    change_events(bundle, lambda lines: lines.__setitem__(120, lines[120].replace(b"}", b" }", 1)))
    heads = checkpoints(bundle)
    heads[2]["leaves"] = b64encode(b"".join(leaves_of(bundle)[100:150])).decode()
    write_checkpoints(bundle, heads)
    assert "the checkpoint of 150 events has another root than the leaves that are kept with it" in wrong(bundle)


def leaves_of(bundle: Path) -> list[bytes]:
    return [leaf_hash(line) for line in (bundle / "events.ndjson").read_bytes().splitlines()]


def rewritten(bundle: Path, signer: SignerKey) -> None:
    """The whole bundle written anew, with one event changed, by whoever has this key."""
    change_events(bundle, lambda lines: lines.__setitem__(120, lines[120].replace(b"}", b" }", 1)))
    leaves, heads, before = leaves_of(bundle), checkpoints(bundle), 0
    for head in heads:
        size = head["size"]
        head |= {
            "note": sign_checkpoint(signer, size, root_of(leaves[:size])),
            "leaves": b64encode(b"".join(leaves[before:size])).decode(),
        }
        before = size
    write_checkpoints(bundle, heads)
    (bundle / "key.txt").write_text(f"{signer.verifier}\n")


def test_a_bundle_that_is_written_anew_with_another_key_is_named_by_who_knows_the_key(bundle: Path) -> None:
    key = (bundle / "key.txt").read_text().strip()
    rewritten(bundle, SignerKey("parcours/0000000000000000", bytes(32)))
    assert verified(bundle).returncode == 0  # with the key that it brings itself
    said = Counter(line.partition(": ")[2] for line in wrong(bundle, "--key", key).splitlines())
    assert said["it is not signed by " + "+".join(key.split("+")[:2])] == len(checkpoints(bundle))


def test_a_bundle_that_is_written_anew_with_the_same_key_is_named_by_who_kept_a_checkpoint(
    bundle: Path, data: Path, tmp_path: Path
) -> None:
    """And so is a log that is told to two auditors in two ways."""
    kept = tmp_path / "kept.txt"
    kept.write_text(checkpoints(bundle)[3]["note"])
    rewritten(bundle, existing_seal_key(data / "seal_key"))
    assert verified(bundle).returncode == 0
    assert f"{kept} has another root than the first 200 events" in wrong(bundle, "--checkpoint", str(kept))


def test_a_figure_that_the_events_do_not_give_is_named(bundle: Path) -> None:
    figures = json.loads((bundle / "figures.json").read_bytes())
    quarter = list(figures)[-1]
    figures[quarter]["all"]["people_met"]["value"] += 1
    (bundle / "figures.json").write_text(json.dumps(figures))
    assert f"the figures of all, {quarter}: told are" in wrong(bundle)


def test_a_line_that_is_no_event_is_named_and_misuse_is_told_from_it(bundle: Path, tmp_path: Path) -> None:
    change_events(bundle, lambda lines: lines.__setitem__(3, b"{"))
    said = wrong(bundle)
    assert "event number 4 was changed" in said
    assert "the bundle cannot be read" in said
    assert verified(bundle, str(tmp_path / "nowhere")).returncode == 2
    assert verified(bundle, "--checkpoint", "nowhere").returncode == 2


def test_a_bundle_is_not_written_over_another_and_not_without_the_key(
    made: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bundle", str(made), "--data", str(data)]) == 1
    capsys.readouterr()
    shutil.copy(data / "log.sqlite", tmp_path / "log.sqlite")
    assert main(["bundle", str(tmp_path / "more"), "--data", str(tmp_path)]) == 2
    assert "PARCOURS_SEAL_KEY" in capsys.readouterr().err


def test_a_fact_that_is_set_aside_counts_nowhere_in_the_program_too() -> None:
    """And counts again when the setting aside is set aside itself."""
    rules = {"version": 1, "counted_stages": {}, "outcome_classes": {}, "thresholds": {}}
    told: list[tuple[str, dict[str, Any]]] = [
        ("DefinitionsPublished", rules),
        *(("PersonIdentified", {"person": person}) for person in ("p-1", "p-2")),
    ]
    told += [("FactSetAside", {"position": 3}), ("FactSetAside", {"position": 4})]
    events = [
        {"type": f"fr.parcours.x.{name}", "position": position, "territory": "alencon", "data": {"on": "2024-04-02", **data}}
        for position, (name, data) in enumerate(told, 1)
    ]
    counted = [Fold(events[:position], "2024-Q2").figures("alencon")["people_met"]["value"] for position in (2, 3, 4, 5)]
    assert counted == [1, 2, 1, 2]
