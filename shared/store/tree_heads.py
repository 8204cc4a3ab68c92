"""The port of tree heads: how the log was sealed, beside the log.

A tree head is kept for each checkpoint that was signed, and says enough to go on from there: the roots of the perfect subtrees. It also
keeps the hash of each leaf since the head before it: the root is signed, so these hashes are, and whoever finds another root can say which
event it is that was changed.

The rules that every adapter keeps
----------------------------------
- Heads are added at the end, and never changed or deleted: each has more leaves than the one before it.
- They are added under a lease, all of one call or none. A holder that lost its lease adds nothing.
- What `add` has added survives a crash when it returns.

The contract suite is tests/contract/store/test_tree_heads.py. Adapters are blocking and thread-safe.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from shared.errors import Unavailable
from shared.message import Position
from shared.store.port import Held


class TreeHead(Struct, frozen=True):
    """The log up to the event at `position`, which is its leaf number `size`.

    `note` is the signed checkpoint; `subtrees` are the hashes of a compact range of that size, and `leaves` those of the leaves since the
    head before, both joined and in base64.
    """

    size: int
    position: Position
    note: str
    subtrees: str
    leaves: str


class TreeHeads(Protocol):
    def last(self) -> TreeHead | None:
        """The head with the most leaves. Raises Unavailable, as every method does, when the database cannot be reached."""

    def after(self, size: int, limit: int) -> list[TreeHead]:
        """At most `limit` heads with more leaves than `size`, the smallest first."""

    def add(self, heads: Sequence[TreeHead], after: int, held: Held) -> None:
        """Add heads, of rising size, after the last one, which has `after` leaves (0: there is none).

        Raises:
            Unavailable: also when `held` is a lease that somebody else was given since, or another head is there. Look at `last` again.
        """

    def close(self) -> None:
        """Close all connections. They cannot be used afterwards."""


PAGE = 64  # heads that are read at once


def all_heads(heads: TreeHeads) -> Iterator[TreeHead]:
    size = 0
    while page := heads.after(size, PAGE):
        yield from page
        size = page[-1].size


def moved_on() -> Unavailable:
    return Unavailable("another tree head was added meanwhile")
