"""Signed notes (c2sp.org/signed-note): a text for people, and signatures by keys that have names.

A key is a name and an Ed25519 key. Its id, four bytes of a digest of both, says which key a signature line is of. Keys are written as in
`golang.org/x/mod/sumdb/note`, so that the tools of Go read them: `name+id+key` to verify, `PRIVATE+KEY+name+id+key` to sign.

Reading is strict: what is not written exactly as it would be written here is no note.
"""

import binascii
import re
from base64 import b64decode, b64encode
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

ED25519 = b"\x01"  # the type of the signature
ID_LENGTH = 4  # bytes
KEY_LENGTH = 32
SIGNATURE_LENGTH = 64
NAME = re.compile(r"[^\s+]+")  # in Unicode, the spaces of every script
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")  # what a text may not hold; the line feed it may
LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)")  # a signature
PRIVATE = "PRIVATE+KEY+"
MAX_NOTE = 1_000_000  # bytes
MAX_SIGNATURES = 100


class NotANote(ValueError):
    """A text that is no signed note, or no key of one."""


class NotSigned(ValueError):
    """A note without a genuine signature by the key in question."""


class Note(Struct, frozen=True):
    """`signatures` are the name of a key, and its id with the signature."""

    text: str
    signatures: tuple[tuple[str, bytes], ...]


class VerifierKey:
    def __init__(self, name: str, public: bytes) -> None:
        if not NAME.fullmatch(name) or len(public) != KEY_LENGTH:
            raise NotANote("a key has a name without spaces and without +, and 32 bytes")
        self.name = name
        self.public = public
        self.id = sha256(name.encode() + b"\n" + ED25519 + public).digest()[:ID_LENGTH]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(ED25519 + self.public).decode()}"

    def verify(self, note: Note) -> None:
        """
        Raises:
            NotSigned: no signature is by this key, or one that says so is not.
        """
        own = [signature[ID_LENGTH:] for name, signature in note.signatures if name == self.name and signature[:ID_LENGTH] == self.id]
        if not own:
            raise NotSigned(f"not signed by {self.name}+{self.id.hex()}")
        key = Ed25519PublicKey.from_public_bytes(self.public)
        for signature in own:
            try:
                key.verify(signature, note.text.encode())
            except InvalidSignature as fault:
                raise NotSigned(f"the signature by {self.name}+{self.id.hex()} is not genuine") from fault


class SignerKey:
    """`seed` is the private key."""

    def __init__(self, name: str, seed: bytes) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(seed)
        self.seed = seed
        self.verifier = VerifierKey(name, self.key.public_key().public_bytes_raw())

    def reveal(self) -> str:
        return f"{PRIVATE}{self.verifier.name}+{self.verifier.id.hex()}+{b64encode(ED25519 + self.seed).decode()}"

    def sign(self, text: str) -> str:
        """The note that says this. Ed25519 is deterministic: the same text gives the same note."""
        check_text(text)
        signature = b64encode(self.verifier.id + self.key.sign(text.encode())).decode()
        return f"{text}\n— {self.verifier.name} {signature}\n"


def check_text(text: str) -> None:
    if not text.endswith("\n") or CONTROL.search(text):
        raise NotANote("a text ends with a line feed, and holds no other control character")


def parse_note(note: str) -> Note:
    """
    Raises:
        NotANote: it is none.
    """
    if len(note) > MAX_NOTE:
        raise NotANote("too long")
    text, separator, signatures = note.rpartition("\n\n")
    if not separator or not signatures.endswith("\n"):
        raise NotANote("an empty line is expected between the text and the signatures, and a line feed at the end")
    lines = signatures.removesuffix("\n").split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NotANote("too many signatures")
    text += "\n"
    check_text(text)
    return Note(text, tuple(map(parse_signature, lines)))


def parse_signature(line: str) -> tuple[str, bytes]:
    found = LINE.fullmatch(line)
    if not found or not NAME.fullmatch(found[1]):
        raise NotANote("a line that is no signature")
    signature = decode_base64(found[2])
    if len(signature) <= ID_LENGTH:
        raise NotANote("a signature that holds nothing")
    return found[1], signature


def decode_base64(text: str) -> bytes:
    """The bytes of a text in base64, which is written as it would be written here: padded, without anything else."""
    try:
        found = b64decode(text, validate=True)
    except binascii.Error as fault:
        raise NotANote("no base64") from fault
    if b64encode(found).decode() != text:
        raise NotANote("base64 that can be written otherwise")
    return found


def parse_verifier(text: str) -> VerifierKey:
    """
    Raises:
        NotANote: it is no key.
    """
    name, key = parse_key(text)
    verifier = VerifierKey(name, key)
    if str(verifier) != text:
        raise NotANote("the id of the key is another one")
    return verifier


def parse_signer(text: str) -> SignerKey:
    """
    Raises:
        NotANote: it is no private key.
    """
    if not text.startswith(PRIVATE):
        raise NotANote(f"{PRIVATE}… is expected")
    signer = SignerKey(*parse_key(text.removeprefix(PRIVATE)))
    if signer.reveal() != text:
        raise NotANote("the id of the key is another one")
    return signer


def parse_key(text: str) -> tuple[str, bytes]:
    """The name, and the 32 bytes. The base64 may hold a +, so only the first two separate."""
    name, _, rest = text.partition("+")
    _, _, encoded = rest.partition("+")
    key = decode_base64(encoded)
    if not NAME.fullmatch(name) or key[:1] != ED25519 or len(key) != 1 + KEY_LENGTH:
        raise NotANote("an Ed25519 key with a name is expected: name+id+key")
    return name, key[1:]
