"""Cosignatures are as c2sp.org/tlog-cosignature says, and no signature of a log is taken for one."""

from base64 import b64decode, b64encode
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.proof.cosignature import WitnessVerifier, cosign, parse_witness, witness_of
from shared.proof.notes import NotANote, NotSigned, SignerKey, parse_signer
from shared.proof.tree_checkpoint import read_checkpoint, sign_checkpoint

LOG, WITNESS, OTHER = (SignerKey(name, bytes([seed]) * 32) for name, seed in (("log.example", 1), ("w.example", 2), ("w.example", 3)))
NOW = datetime(2023, 3, 20, 13, 12, 27, tzinfo=UTC)  # 1679317947
NOTE = sign_checkpoint(LOG, 7, bytes(32))


def test_a_cosignature_is_made_as_the_specification_says() -> None:
    cosigned = cosign(NOTE, WITNESS, NOW)
    assert cosigned.startswith(NOTE)
    dash, name, encoded = cosigned.removeprefix(NOTE).removesuffix("\n").split(" ")
    signature, public = b64decode(encoded), WITNESS.verifier.public
    assert (dash, name, len(signature)) == ("—", "w.example", 4 + 8 + 64)
    assert signature[:4] == sha256(b"w.example\n\x04" + public).digest()[:4]
    assert int.from_bytes(signature[4:12], "big") == 1679317947
    text = NOTE.partition("\n\n")[0] + "\n"
    key = Ed25519PrivateKey.from_private_bytes(bytes([2]) * 32)
    assert signature[12:] == key.sign(b"cosignature/v1\ntime 1679317947\n" + text.encode())
    encoded = b64encode(b"\x04" + public).decode()
    assert str(witness_of(WITNESS)) == f"w.example+{signature[:4].hex()}+{encoded}"


def test_it_is_verified_with_its_time_and_the_log_s_own_signature_stays() -> None:
    cosigned = cosign(cosign(NOTE, WITNESS, NOW), WITNESS, NOW.replace(year=2024))
    witness = parse_witness(str(witness_of(WITNESS)))
    assert witness.cosigned_at(cosigned) == NOW.replace(year=2024)  # the later one
    assert read_checkpoint(cosigned, LOG.verifier).size == 7


@pytest.mark.parametrize("note", [NOTE, cosign(NOTE, OTHER, NOW), sign_checkpoint(WITNESS, 7, bytes(32))])
def test_what_this_witness_has_not_cosigned_is_refused(note: str) -> None:
    """Another key of its name, or a signature by the same key that is not for cosignatures."""
    with pytest.raises(NotSigned, match=r"not cosigned by w\.example"):
        witness_of(WITNESS).cosigned_at(note)


@pytest.mark.parametrize("place", [5, 11, 12, 75])
def test_a_time_or_a_signature_that_was_changed_is_not_genuine(place: int) -> None:
    cosigned = cosign(NOTE, WITNESS, NOW)
    signature = bytearray(b64decode(cosigned.removeprefix(NOTE).split(" ")[2]))
    signature[place] ^= 1
    with pytest.raises(NotSigned, match="not genuine"):
        witness_of(WITNESS).cosigned_at(f"{NOTE}— w.example {b64encode(signature).decode()}\n")
    with pytest.raises(NotSigned, match="not genuine"):
        witness_of(WITNESS).cosigned_at(cosigned.replace("\n7\n", "\n8\n"))
    with pytest.raises(NotSigned, match="not genuine"):
        witness_of(WITNESS).cosigned_at(f"{NOTE}— w.example {b64encode(signature[:9]).decode()}\n")


@pytest.mark.parametrize("text", ["", "w.example", str(LOG.verifier), str(witness_of(WITNESS)).replace("+", "+0", 1), "w+00000000+BA=="])
def test_what_is_no_key_of_a_witness_is_refused(text: str) -> None:
    with pytest.raises(NotANote):
        parse_witness(text)


def test_a_private_key_is_written_as_that_of_a_log() -> None:
    assert str(witness_of(parse_signer(WITNESS.reveal()))) == str(witness_of(WITNESS))
    with pytest.raises(NotANote):
        WitnessVerifier("w example", bytes(32))
