"""Proofs of the Merkle tree: that a leaf is in it (inclusion), and that it grew from an earlier one (consistency).

They are made as RFC 6962 defines them, PATH in section 2.1.1 and PROOF in section 2.1.2, and verified as RFC 9162 does, in sections 2.1.3.2
and 2.1.4.2: RFC 6962 leaves that to its readers. Who verifies needs no leaf but the one in question, and no tree.
"""

from collections.abc import Sequence

from shared.proof.merkle import CompactRange, node_hash, split


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root above the hashes of these leaves (MTH)."""
    tree = CompactRange()
    tree.extend(leaves)
    return tree.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """PATH(m, D[n]) for the hashes of n leaves and the leaf m = `index`, from the leaf to the root.

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise ValueError(f"there is no leaf {index} in a tree of {len(leaves)}")
    if len(leaves) == 1:
        return []
    middle = split(len(leaves))
    if index < middle:
        return [*inclusion_proof(leaves[:middle], index), root_of(leaves[middle:])]
    return [*inclusion_proof(leaves[middle:], index - middle), root_of(leaves[:middle])]


def consistency_proof(leaves: Sequence[bytes], earlier: int) -> list[bytes]:
    """PROOF(m, D[n]) for the hashes of n leaves and m = `earlier`, the size of the tree from which this one grew.

    Raises:
        ValueError: no tree of that size can have grown to this one. From the empty tree every tree grows, and nothing proves it.
    """
    if not 0 < earlier <= len(leaves):
        raise ValueError(f"a tree of {len(leaves)} leaves is not compared with one of {earlier}")
    return subproof(leaves, earlier, known=True)


def subproof(leaves: Sequence[bytes], earlier: int, *, known: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b): `known` is whether the verifier has the root of these leaves, as the one that it began with."""
    if earlier == len(leaves):
        return [] if known else [root_of(leaves)]
    middle = split(len(leaves))
    if earlier <= middle:
        return [*subproof(leaves[:middle], earlier, known=known), root_of(leaves[middle:])]
    return [*subproof(leaves[middle:], earlier - middle, known=False), root_of(leaves[:middle])]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf with this hash is at `index` of the tree of `size` leaves and this root (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not (node & 1 or node == 0):
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(earlier: int, later: int, proof: Sequence[bytes], earlier_root: bytes, later_root: bytes) -> bool:
    """Whether the tree of `later` leaves grew from that of `earlier` leaves (RFC 9162, section 2.1.4.2)."""
    if not 0 < earlier <= later:
        return False
    if earlier == later:
        return not proof and earlier_root == later_root
    path = [earlier_root, *proof] if earlier & (earlier - 1) == 0 else [*proof]
    if not path:
        return False
    node, last = earlier - 1, later - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    found_earlier = found_later = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            found_earlier, found_later = node_hash(sibling, found_earlier), node_hash(sibling, found_later)
            while not (node & 1 or node == 0):
                node, last = node >> 1, last >> 1
        else:
            found_later = node_hash(found_later, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found_earlier == earlier_root and found_later == later_root
