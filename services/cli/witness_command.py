"""`parcours witness`: cosigns the last checkpoint of a bundle, on a machine that has no log. It knows what it has cosigned before."""

import fcntl
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from services.bootstrap.environment import fault_text
from services.bootstrap.key_files import PRIVATE, replace_file
from services.bootstrap.seal_key import seal_key
from services.bootstrap.settings import Settings
from services.cli.commands import print_message
from shared.errors import Misconfigured
from shared.proof.cosignature import witness_of
from shared.proof.notes import NotANote, parse_verifier
from shared.proof.witness import Refuses, SealedPart, Witness
from shared.time import now

T = TypeVar("T")

KEY, SEEN = "witness_key", "witness.json"  # in the folder of --data
CHECKPOINTS = "checkpoints.ndjson"  # of a bundle
decode_parts = msgspec.json.Decoder(SealedPart).decode_lines
decode_seen = msgspec.json.Decoder(dict[str, str]).decode


def witness(args: Namespace, settings: Settings) -> int:
    """Prints the checkpoint with the cosignature, for whoever keeps it; the key that verifies it goes to standard error."""
    try:
        log = parse_verifier(args.log)
    except NotANote as fault:
        raise Misconfigured(f"--log: {fault}.") from fault
    parts = read(args.folder / CHECKPOINTS, decode_parts)
    signer = seal_key(settings.data / KEY, KEY)
    seen_file = settings.data / SEEN

    def keep(seen: Mapping[str, str]) -> None:
        replace_file(seen_file, msgspec.json.format(msgspec.json.encode(seen)), PRIVATE)

    with alone(settings.data):
        seen = read(seen_file, decode_seen) if seen_file.exists() else {}
        try:
            note = Witness(signer, seen, keep).cosigned(parts, log, now())
        except Refuses as fault:
            print_message(f"Nothing is cosigned: {fault}.")
            return 1
    print(note, end="")
    print_message(f"Cosigned. Key of the witness: {witness_of(signer)}.")
    return 0


def read(file: Path, decode: Callable[[bytes], T]) -> T:
    """
    Raises:
        Misconfigured: it cannot be read. A witness that has forgotten what it has seen would cosign anything.
    """
    try:
        return decode(file.read_bytes())
    except (OSError, msgspec.MsgspecError) as fault:
        raise Misconfigured(f"{file}: {fault_text(fault)}") from fault


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """No two processes cosign with what one of them has seen."""
    with (folder / f"{SEEN}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
