"""The Merkle tree of RFC 6962 (section 2.1): its hashes, and a compact range with which it grows.

The hash of a list of n leaves is that of its two halves, the first of which has as many leaves as the largest power of two below n. A
compact range keeps only the roots of the perfect subtrees on the left, one for each bit of n that is set: at most 64 hashes, whatever n.
Appending a leaf joins the subtrees that have become equal in size, as a carry does when a binary number is counted up.
"""

from collections.abc import Sequence
from hashlib import sha256

HASH_LENGTH = 32  # bytes of SHA-256
LEAF = b"\x00"  # the prefixes keep a leaf from being taken for a node (RFC 6962, section 2.1)
NODE = b"\x01"
EMPTY = sha256().digest()  # the root of no leaves: the hash of nothing


def leaf_hash(leaf: bytes) -> bytes:
    return sha256(LEAF + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(NODE + left + right).digest()


def split(count: int) -> int:
    """The largest power of two smaller than `count`, which is 2 or more: how many leaves the left half has."""
    return 1 << (count - 1).bit_length() - 1


def root_of_subtrees(subtrees: Sequence[bytes]) -> bytes:
    """The root above the perfect subtrees of a compact range, the largest first."""
    if not subtrees:
        return EMPTY
    root = subtrees[-1]
    for left in reversed(subtrees[:-1]):
        root = node_hash(left, root)
    return root


class CompactRange:
    """A tree that grows: `size` leaves, and the roots of its perfect subtrees, the largest first.

    Raises:
        ValueError: there are not as many subtrees as a tree of this size has.
    """

    def __init__(self, size: int = 0, subtrees: Sequence[bytes] = ()) -> None:
        if size < 0 or len(subtrees) != size.bit_count() or any(len(subtree) != HASH_LENGTH for subtree in subtrees):
            raise ValueError(f"a tree of {size} leaves does not have {len(subtrees)} such subtrees")
        self.size = size
        self.subtrees = [*subtrees]

    def append(self, leaf: bytes) -> None:
        """Add the hash of a leaf."""
        size, joined = self.size, leaf
        while size & 1:
            joined = node_hash(self.subtrees.pop(), joined)
            size >>= 1
        self.subtrees.append(joined)
        self.size += 1

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add the hashes of leaves: the same as one after the other, a level of the tree at a time, in less than half the time."""
        level, height = [*leaves], self.size
        before, after = self.subtrees, list[bytes]()  # higher than the level, and lower, the smallest first
        while level:
            if height & 1:
                level.insert(0, before.pop())
            if len(level) & 1:
                after.append(level.pop())
            pairs = iter(level)
            level = [sha256(NODE + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
            height >>= 1
        self.subtrees = [*before, *reversed(after)]
        self.size += len(leaves)

    def root(self) -> bytes:
        return root_of_subtrees(self.subtrees)

    def copy(self) -> "CompactRange":
        return CompactRange(self.size, self.subtrees)
