"""The key that signs the checkpoints of the log: a file of its own, for the one process that seals.

It is one line, as Go writes such keys. Its name, which is the origin of every checkpoint, is made from the key, so that no two logs have
the same one.
"""

import secrets
from hashlib import sha256
from pathlib import Path

from services.bootstrap.environment import fault_text
from services.bootstrap.key_files import PRIVATE, made
from shared.errors import Misconfigured
from shared.proof.notes import KEY_LENGTH, NotANote, SignerKey, parse_signer

VARIABLE = "PARCOURS_SEAL_KEY"
PREFIX = "parcours/"
NAME_LENGTH = 16  # hexadecimal digits
UNNAMED = "unnamed"


def seal_key(path: Path, variable: str = VARIABLE) -> SignerKey:
    """The key in the file `path`, which is made if there is none. `variable` names the file.

    Raises:
        Misconfigured: the file cannot be read or made, or it holds something else.
    """
    try:
        if not path.exists():
            made(path, f"{new_key().reveal()}\n".encode(), PRIVATE)
        return parse_signer(path.read_text().removesuffix("\n"))
    except OSError as fault:
        raise Misconfigured(f"{variable}: {path}: {fault_text(fault)}") from fault
    except ValueError as fault:  # NotANote, or no text: neither shows what the file holds
        reason = str(fault) if isinstance(fault, NotANote) else "it is not text in UTF-8"
        raise Misconfigured(f"{variable}: {path} holds no key that signs: {reason}.") from None


def existing_seal_key(path: Path) -> SignerKey:
    """As `seal_key`, for those who only read: a new key would verify nothing.

    Raises:
        Misconfigured: also when there is no file.
    """
    if not path.exists():
        raise Misconfigured(f"{VARIABLE}: {path}: there is no such file, and without the key nothing can be verified.")
    return seal_key(path)


def check_seal_key(path: Path) -> None:
    """Raises Misconfigured if there is a key that cannot be used. The one that is missing is made at the first start."""
    if path.exists():
        seal_key(path)


def new_key() -> SignerKey:
    seed = secrets.token_bytes(KEY_LENGTH)
    public = SignerKey(UNNAMED, seed).verifier.public
    return SignerKey(f"{PREFIX}{sha256(public).hexdigest()[:NAME_LENGTH]}", seed)
