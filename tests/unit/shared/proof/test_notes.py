"""Signed notes and checkpoints, as c2sp.org describes them: an example of Go's implementation, and everything that is not one."""

from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.proof.merkle import EMPTY
from shared.proof.notes import NotANote, NotSigned, SignerKey, VerifierKey, parse_note, parse_signer, parse_verifier
from shared.proof.tree_checkpoint import TreeCheckpoint, parse_text, read_checkpoint, sign_checkpoint

# The example of the documentation of golang.org/x/mod/sumdb/note.
GO_SIGNER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = """If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
"""
SIGNER = SignerKey("example.org/log", bytes(range(32)))
NOTE = sign_checkpoint(SIGNER, 3, EMPTY)
BAD_NOTES = {
    "nothing": "",
    "no signature": "text\n",
    "no empty line": "text\n— a AAAAAAA=\n",
    "no line feed at the end": NOTE.removesuffix("\n"),
    "something after the signatures": NOTE + "more\n",
    "another dash": NOTE.replace("— ", "- "),
    "two spaces": NOTE.replace("— ", "—  "),
    "a control character": NOTE.replace("3\n", "3\x07\n"),
    "a carriage return": NOTE.replace("3\n", "3\r\n"),
    "a tabulator": NOTE.replace("3\n", "3\t\n"),
    "no base64": NOTE[:-6] + "!!!!!\n",
    "base64 with spare bits": "text\n\n— a AAAAAAB=\n",
    "base64 without its padding": "text\n\n— a AAAAAAA\n",
    "an id alone": "text\n\n— a AAAAAA==\n",
    "too many signatures": "text\n\n" + "— a AAAAAAA=\n" * 101,
    "an endless text": "x" * 1_000_001 + "\n\n— a AAAAAAA=\n",
}
BAD_TEXTS = {
    "no root": "log\n3\n",
    "no origin": f"\n3\n{b64encode(EMPTY).decode()}\n",
    "a leading zero": f"log\n03\n{b64encode(EMPTY).decode()}\n",
    "a sign": f"log\n+3\n{b64encode(EMPTY).decode()}\n",
    "other digits": f"log\n٣\n{b64encode(EMPTY).decode()}\n",
    "a short root": "log\n3\nAAAA\n",
    "an empty extension": f"log\n3\n{b64encode(EMPTY).decode()}\n\nmore\n",
}
BAD_KEYS = {
    "no id": "PeterNeumann+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    "another id": GO_VERIFIER.replace("c74f20a3", "c74f20a4"),
    "a capital digit": GO_VERIFIER.replace("c74f20a3", "C74F20A3"),
    "another name": GO_VERIFIER.replace("PeterNeumann", "Peter"),
    "no name": GO_VERIFIER.replace("PeterNeumann", ""),
    "another algorithm": GO_VERIFIER.replace("+ARpc", "+AxpC"),
    "a short key": "PeterNeumann+c74f20a3+ARpc",
    "a line feed": GO_VERIFIER + "\n",
}


def test_the_example_of_go_is_signed_and_verified_alike() -> None:
    signer = parse_signer(GO_SIGNER)
    assert str(signer.verifier) == GO_VERIFIER
    assert signer.reveal() == GO_SIGNER
    assert signer.sign(GO_NOTE.partition("\n\n")[0] + "\n") == GO_NOTE
    parse_verifier(GO_VERIFIER).verify(parse_note(GO_NOTE))


def test_a_checkpoint_is_three_lines_and_a_signature() -> None:
    assert NOTE.split("\n")[:4] == ["example.org/log", "3", b64encode(EMPTY).decode(), ""]
    assert read_checkpoint(NOTE, SIGNER.verifier) == TreeCheckpoint("example.org/log", 3, EMPTY)


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_what_is_signed_is_read_and_verified(size: int, root: bytes, seed: bytes) -> None:
    signer = SignerKey("log", seed)
    assert read_checkpoint(sign_checkpoint(signer, size, root), parse_verifier(str(signer.verifier))) == TreeCheckpoint("log", size, root)
    assert parse_signer(signer.reveal()).seed == seed


@pytest.mark.parametrize("what", BAD_NOTES)
def test_what_is_no_note_is_refused(what: str) -> None:
    with pytest.raises(NotANote):
        parse_note(BAD_NOTES[what])


@pytest.mark.parametrize("what", BAD_TEXTS)
def test_what_is_no_checkpoint_is_refused(what: str) -> None:
    with pytest.raises(NotANote):
        parse_text(BAD_TEXTS[what])


@pytest.mark.parametrize("what", BAD_KEYS)
def test_what_is_no_key_is_refused(what: str) -> None:
    with pytest.raises(NotANote):
        parse_verifier(BAD_KEYS[what])
    with pytest.raises(NotANote):
        parse_signer(GO_VERIFIER)


def test_every_bit_that_changes_is_noticed() -> None:
    text, _, line = NOTE.partition("\n\n— example.org/log ")
    signature = bytearray(b64decode(line))
    for bit in range(len(signature) * 8):
        changed = bytearray(signature)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(NotSigned):
            read_checkpoint(f"{text}\n\n— example.org/log {b64encode(changed).decode()}\n", SIGNER.verifier)
    with pytest.raises(NotSigned, match="not genuine"):
        read_checkpoint(NOTE.replace("\n3\n", "\n4\n"), SIGNER.verifier)


def test_a_key_of_another_name_or_another_log_is_not_ours() -> None:
    with pytest.raises(NotSigned, match="not signed by"):
        read_checkpoint(NOTE, VerifierKey("example.org/other", SIGNER.verifier.public))
    with pytest.raises(NotSigned, match="another log"):
        read_checkpoint(SIGNER.sign(TreeCheckpoint("example.org/other", 3, EMPTY).text()), SIGNER.verifier)


def test_signatures_by_other_keys_are_passed_over_and_one_that_only_says_to_be_ours_is_not() -> None:
    other = SignerKey("witness", bytes(32)).sign(NOTE.partition("\n\n")[0] + "\n").rpartition("\n\n")[2]
    assert read_checkpoint(NOTE + other, SIGNER.verifier).size == 3
    false = f"— example.org/log {b64encode(SIGNER.verifier.id + bytes(64)).decode()}\n"
    with pytest.raises(NotSigned, match="not genuine"):
        read_checkpoint(NOTE + false, SIGNER.verifier)


@pytest.mark.parametrize("text", ["", "no line feed", "a bell\x07\n"])
def test_no_text_is_signed_that_nobody_could_read(text: str) -> None:
    with pytest.raises(NotANote):
        SIGNER.sign(text)
