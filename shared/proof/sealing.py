"""What a sealer knows between two commits: the tree as of the last head, and the leaves that were read since."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import NamedTuple

from shared.errors import Fault
from shared.message import START, Position
from shared.proof.merkle import HASH_LENGTH, CompactRange
from shared.proof.notes import NotSigned, SignerKey, VerifierKey
from shared.proof.tree_checkpoint import read_checkpoint, sign_checkpoint
from shared.store.tree_heads import TreeHead


class CannotSeal(Fault):
    """What is there was not sealed by this key, or is not what was sealed."""


class Leaf(NamedTuple):
    position: Position
    hash: bytes


class Sealing:
    """What is sealed, up to the last head, and the leaves after it that were read."""

    def __init__(self, last: TreeHead | None, clock: Callable[[], float]) -> None:
        self.tree = CompactRange(last.size, split_hashes(last.subtrees)) if last else CompactRange()
        self.position = last.position if last else START
        self.pending: list[Leaf] = []
        self.clock = clock
        self.since = clock()  # since when the first of them has waited

    @property
    def read_up_to(self) -> Position:
        return self.pending[-1].position if self.pending else self.position

    def waiting(self) -> float:
        return self.clock() - self.since if self.pending else 0.0

    def add(self, leaves: list[Leaf]) -> None:
        if not self.pending:
            self.since = self.clock()
        self.pending += leaves

    def heads(self, signer: SignerKey, events: int, *, rest: bool) -> tuple[list[TreeHead], CompactRange]:
        """The heads that are due, and the tree as of the last of them. With `rest`, also the one for fewer leaves than `events`."""
        tree, heads = self.tree.copy(), []
        for start in range(0, len(self.pending), events):
            batch = self.pending[start : start + events]
            if len(batch) < events and not rest:
                break
            tree.extend([leaf.hash for leaf in batch])
            note = sign_checkpoint(signer, tree.size, tree.root())
            heads.append(
                TreeHead(tree.size, batch[-1].position, note, join_hashes(tree.subtrees), join_hashes([leaf.hash for leaf in batch]))
            )
        return heads, tree

    def sealed(self, tree: CompactRange, position: Position) -> None:
        del self.pending[: tree.size - self.tree.size]
        self.tree, self.position, self.since = tree, position, self.clock()


def check_own(head: TreeHead, verifier: VerifierKey) -> None:
    """
    Raises:
        CannotSeal: this key has not signed the head.
    """
    try:
        checkpoint = read_checkpoint(head.note, verifier)
        signed = (checkpoint.size, checkpoint.root) == (head.size, CompactRange(head.size, split_hashes(head.subtrees)).root())
    except NotSigned as fault:
        raise CannotSeal(f"PARCOURS_SEAL_KEY is not the key that signed the last checkpoint, of {head.size} events: {fault}") from fault
    except ValueError as fault:  # no note, or no hashes
        raise not_signed(head) from fault
    if not signed:
        raise not_signed(head)


def not_signed(head: TreeHead) -> CannotSeal:
    return CannotSeal(f"the tree head of {head.size} leaves is not what was signed: `parcours verify` says more")


def leaves_of(head: TreeHead) -> list[bytes]:
    """The hashes of the leaves since the head before.

    Raises:
        CannotSeal: they are damaged, or there are none.
    """
    try:
        leaves = split_hashes(head.leaves)
    except ValueError as fault:
        raise not_signed(head) from fault
    if not leaves:
        raise not_signed(head)
    return leaves


def join_hashes(hashes: list[bytes]) -> str:
    return b64encode(b"".join(hashes)).decode()


def split_hashes(text: str) -> list[bytes]:
    """
    Raises:
        ValueError: it does not hold whole hashes.
    """
    joined = b64decode(text, validate=True)
    if len(joined) % HASH_LENGTH:
        raise ValueError("no whole hashes")
    return [joined[start : start + HASH_LENGTH] for start in range(0, len(joined), HASH_LENGTH)]
