"""What the program of a bundle says: not without end, and of witnesses too."""

from base64 import b64decode, b64encode
from pathlib import Path

from shared.proof.cosignature import cosign, witness_of
from shared.proof.notes import SignerKey
from shared.time import now
from tests.journey.test_bundle import Lines, change_events, verified, wrong

WITNESS = SignerKey("witness", bytes(range(32)))


def test_a_bundle_with_many_faults_names_the_first_ones_and_counts_the_others(bundle: Path) -> None:
    """However many there are, it is done in one pass."""

    def change(lines: Lines) -> None:
        lines[:] = [line.replace(b'"actor":{"id":"', b'"actor":{"id":"x', 1) for line in lines]

    change_events(bundle, change)
    said = wrong(bundle).splitlines()
    count = int(said[-1].removesuffix(" wrong"))
    assert sum("was changed" in line for line in said) == 100 - sum("the checkpoint of" in line for line in said)
    assert count > 300
    assert said[-2] == f"… and {count - 100} more"
    assert len(said) == 100 + 4  # how many events and figures there are, how many more faults, and how many in all


def test_what_a_witness_has_cosigned_is_verified_and_what_it_has_not_is_named(bundle: Path, tmp_path: Path) -> None:
    kept, own = tmp_path / "kept.txt", bundle / "checkpoint.txt"
    kept.write_text(cosign(own.read_text(), WITNESS, now()))
    key = str(witness_of(WITNESS))
    assert verified(bundle, "--checkpoint", str(kept), "--witness", key).returncode == 0
    assert f"{own}: it is not signed by witness+" in wrong(bundle, "--checkpoint", str(own), "--witness", key)
    other = str(witness_of(SignerKey("witness", bytes(32))))
    assert "it is not signed by witness+" in wrong(bundle, "--checkpoint", str(kept), "--witness", other)
    text, _, line = kept.read_text().removesuffix("\n").rpartition(" ")
    signature = bytearray(b64decode(line))
    signature[11] ^= 1  # the time
    kept.write_text(f"{text} {b64encode(signature).decode()}\n")
    assert "the signature by witness+" in wrong(bundle, "--checkpoint", str(kept), "--witness", key)
