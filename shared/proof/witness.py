"""A witness: cosigns the checkpoints of a log, after it has seen for itself that the log has grown from what it cosigned before.

How it works
------------
A witness knows the last checkpoint of each log that it has cosigned, and keeps it in a file of its own, on a machine of its own. It is
given the checkpoints of a log with the hashes of their leaves, as a bundle has them. It computes the tree, and cosigns the last
checkpoint only if the log has signed that tree, and the tree had, at the size of what it cosigned before, the root of that. What it has
seen is durable before a cosignature leaves it. So it never cosigns two checkpoints that no one log can have: whoever insists on its
cosignature is shown the same log as everybody else who does.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from shared.errors import Fault
from shared.proof.cosignature import cosign
from shared.proof.merkle import CompactRange
from shared.proof.notes import NotANote, NotSigned, SignerKey, VerifierKey
from shared.proof.sealing import split_hashes
from shared.proof.tree_checkpoint import TreeCheckpoint, read_checkpoint


class SealedPart(Struct, frozen=True):
    """A checkpoint as a bundle has it, with the hashes of the leaves since the one before, joined and in base64."""

    size: int
    note: str
    leaves: str


class Refuses(Fault):
    """The witness cosigns nothing, and why."""


class Witness:
    """`seen` are the notes that were cosigned last, by the origin of their log. `keep` makes them durable before it returns."""

    def __init__(self, signer: SignerKey, seen: Mapping[str, str], keep: Callable[[Mapping[str, str]], object]) -> None:
        self.signer = signer
        self.seen = dict(seen)
        self.keep = keep

    def cosigned(self, parts: Iterable[SealedPart], log: VerifierKey, now: datetime) -> str:
        """The last checkpoint of a log, with the cosignature.

        Raises:
            Refuses: it is not signed by the log, its leaves are not what was signed, or it is not of the log that was seen before.
        """
        before = self.last_seen(log)
        tree, note = CompactRange(), ""
        for part in parts:
            for leaf in hashes_of(part):
                tree.append(leaf)
                check_grown(tree, before)
            note = part.note
        checkpoint = signed(note, log)
        if (checkpoint.size, checkpoint.root) != (tree.size, tree.root()):
            raise Refuses(f"the leaves do not give the checkpoint of {checkpoint.size} events that was signed")
        if before and checkpoint.size < before.size:
            raise Refuses(f"there are {checkpoint.size} events, and {before.size} were seen before: the end was cut off, or this is old")
        cosigned = cosign(note, self.signer, now)
        self.seen[log.name] = cosigned
        self.keep(self.seen)
        return cosigned

    def last_seen(self, log: VerifierKey) -> TreeCheckpoint | None:
        return signed(self.seen[log.name], log) if log.name in self.seen else None


def check_grown(tree: CompactRange, before: TreeCheckpoint | None) -> None:
    if before and tree.size == before.size and tree.root() != before.root:
        raise Refuses(f"the first {before.size} events are not those that were seen before: the log was forked, or written anew")


def hashes_of(part: SealedPart) -> list[bytes]:
    try:
        return split_hashes(part.leaves)
    except ValueError as fault:
        raise Refuses(f"the leaves of the checkpoint of {part.size} events cannot be read") from fault


def signed(note: str, log: VerifierKey) -> TreeCheckpoint:
    try:
        return read_checkpoint(note, log)
    except NotANote as fault:
        raise Refuses(f"there is no checkpoint: {fault}") from fault
    except NotSigned as fault:
        raise Refuses(f"the checkpoint is not one of this log: {fault}") from fault
