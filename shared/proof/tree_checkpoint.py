"""Checkpoints of a log (c2sp.org/tlog-checkpoint): whoever has one knows every leaf that the log may ever show at that size.

The text of the note has three lines: the origin, which names the log and is the name of its key; the number of leaves; the root.
"""

import re
from base64 import b64encode

from msgspec import Struct

from shared.proof.merkle import HASH_LENGTH
from shared.proof.notes import NotANote, NotSigned, SignerKey, VerifierKey, decode_base64, parse_note

SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class TreeCheckpoint(Struct, frozen=True):
    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def sign_checkpoint(signer: SignerKey, size: int, root: bytes) -> str:
    return signer.sign(TreeCheckpoint(signer.verifier.name, size, root).text())


def read_checkpoint(note: str, verifier: VerifierKey) -> TreeCheckpoint:
    """The checkpoint in a note.

    Raises:
        NotANote: it is none.
        NotSigned: this key has not signed it, or it is of another log.
    """
    parsed = parse_note(note)
    checkpoint = parse_text(parsed.text)
    verifier.verify(parsed)
    if checkpoint.origin != verifier.name:
        raise NotSigned(f"a checkpoint of another log: {checkpoint.origin}")
    return checkpoint


def parse_text(text: str) -> TreeCheckpoint:
    """Lines after the third are extensions: they are signed, and mean nothing here."""
    origin, *lines = text.removesuffix("\n").split("\n")
    if len(lines) < 2 or not origin or not all(lines) or not SIZE.fullmatch(lines[0]):
        raise NotANote("an origin, a size and a root are expected, each in a line")
    root = decode_base64(lines[1])
    if len(root) != HASH_LENGTH:
        raise NotANote("a root has 32 bytes")
    return TreeCheckpoint(origin, int(lines[0]), root)
