"""Cosignatures (c2sp.org/tlog-cosignature): a witness says that, at a time, a checkpoint was the greatest that it had seen of a log.

A cosignature is one more line of a note: the id of the key, the time in seconds since 1970, and an Ed25519 signature of both that time and
the text. The text of the key that verifies says what it is for, so that no signature of a log is taken for one of a witness.
"""

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shared.proof.notes import ID_LENGTH, KEY_LENGTH, NAME, SIGNATURE_LENGTH, NotANote, NotSigned, SignerKey, decode_base64, parse_note

COSIGNATURE = b"\x04"  # the type of the signature
TIME_LENGTH = 8  # bytes


class WitnessVerifier:
    """The key with which cosignatures are verified."""

    def __init__(self, name: str, public: bytes) -> None:
        if not NAME.fullmatch(name) or len(public) != KEY_LENGTH:
            raise NotANote("a key has a name without spaces and without +, and 32 bytes")
        self.name = name
        self.public = public
        self.id = sha256(name.encode() + b"\n" + COSIGNATURE + public).digest()[:ID_LENGTH]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(COSIGNATURE + self.public).decode()}"

    def cosigned_at(self, note: str) -> datetime:
        """When this witness has last cosigned a note.

        Raises:
            NotANote: it is none.
            NotSigned: this witness has not cosigned it, or a signature that says so is not genuine.
        """
        parsed = parse_note(note)
        own = [signature[ID_LENGTH:] for name, signature in parsed.signatures if name == self.name and signature[:ID_LENGTH] == self.id]
        if not own:
            raise NotSigned(f"not cosigned by {self.name}+{self.id.hex()}")
        return max(self.verified(signature, parsed.text) for signature in own)

    def verified(self, signature: bytes, text: str) -> datetime:
        seconds = int.from_bytes(signature[:TIME_LENGTH])
        try:
            key = Ed25519PublicKey.from_public_bytes(self.public)
            key.verify(signature[TIME_LENGTH:], message(text, seconds))
            return datetime.fromtimestamp(seconds, UTC)
        except (InvalidSignature, ValueError, OverflowError) as fault:
            raise NotSigned(f"the cosignature by {self.name}+{self.id.hex()} is not genuine") from fault


def witness_of(signer: SignerKey) -> WitnessVerifier:
    return WitnessVerifier(signer.verifier.name, signer.verifier.public)


def cosign(note: str, signer: SignerKey, moment: datetime) -> str:
    """The note with one more line."""
    seconds, witness = int(moment.timestamp()), witness_of(signer)
    signature = witness.id + seconds.to_bytes(TIME_LENGTH) + signer.key.sign(message(parse_note(note).text, seconds))
    assert len(signature) == ID_LENGTH + TIME_LENGTH + SIGNATURE_LENGTH
    return f"{note}— {witness.name} {b64encode(signature).decode()}\n"


def message(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def parse_witness(text: str) -> WitnessVerifier:
    """
    Raises:
        NotANote: it is no key of a witness.
    """
    name, _, rest = text.partition("+")
    encoded = decode_base64(rest.partition("+")[2])
    if encoded[:1] != COSIGNATURE:
        raise NotANote("a key for cosignatures is expected: name+id+key")
    witness = WitnessVerifier(name, encoded[1:])
    if str(witness) != text:
        raise NotANote("the id of the key is another one")
    return witness
