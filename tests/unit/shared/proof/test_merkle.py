"""The Merkle tree against the definitions of RFC 6962, written out below as they stand there and sharing nothing with the product."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.proof.merkle import CompactRange, leaf_hash
from shared.proof.proofs import consistency_proof, inclusion_proof, root_of, verify_consistency, verify_inclusion

MOST = 33  # leaves of the trees of which everything is tried: one more than a perfect one
LEAVES = [bytes([number]) * (number % 5) for number in range(MOST)]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]
OTHER = sha256(b"another").digest()

leaves_of_any_kind = st.lists(st.binary(max_size=40), max_size=70)


def mth(d: list[bytes]) -> bytes:
    """MTH, RFC 6962 section 2.1."""
    n = len(d)
    if n == 0:
        return sha256(b"").digest()
    if n == 1:
        return sha256(b"\x00" + d[0]).digest()
    k = max(2**power for power in range(n) if 2**power < n)
    return sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def test_the_tree_of_nothing_and_the_tree_of_one_empty_leaf_are_those_of_certificate_transparency() -> None:
    """Known answers, from the tests of the reference implementation."""
    assert CompactRange().root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    eight = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    root = root_of([leaf_hash(bytes.fromhex(leaf)) for leaf in eight])
    assert root.hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(leaves_of_any_kind)
def test_a_tree_that_grows_has_at_each_size_the_root_of_the_definition(leaves: list[bytes]) -> None:
    tree = CompactRange()
    for size in range(len(leaves) + 1):
        assert (tree.size, tree.root()) == (size, mth(leaves[:size]))
        if size < len(leaves):
            tree.append(leaf_hash(leaves[size]))


@given(leaves_of_any_kind, leaves_of_any_kind)
def test_a_tree_goes_on_from_what_was_kept_of_it(before: list[bytes], after: list[bytes]) -> None:
    tree = CompactRange()
    tree.extend([leaf_hash(leaf) for leaf in before])
    kept = CompactRange(tree.size, tree.subtrees)
    kept.extend([leaf_hash(leaf) for leaf in after])
    assert tree.root() == mth(before)
    assert kept.root() == mth(before + after)
    for leaf in after:
        tree.append(leaf_hash(leaf))
    assert (tree.size, tree.subtrees) == (kept.size, kept.subtrees)


@pytest.mark.parametrize(("size", "subtrees"), [(0, [OTHER]), (1, []), (3, [OTHER]), (-1, [OTHER]), (1, [b"short"])])
def test_what_cannot_be_a_tree_is_refused(size: int, subtrees: list[bytes]) -> None:
    with pytest.raises(ValueError, match="does not have"):
        CompactRange(size, subtrees)


@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_every_inclusion_is_proved_and_no_other_leaf_place_or_root_is(size: int) -> None:
    root = mth(LEAVES[:size])
    for index in range(size):
        proof = inclusion_proof(HASHES[:size], index)
        assert verify_inclusion(HASHES[index], index, size, proof, root)
        assert not verify_inclusion(OTHER, index, size, proof, root)
        assert not verify_inclusion(HASHES[index], index, size, proof, OTHER)
        assert not verify_inclusion(HASHES[index], index, size, [*proof, OTHER], root)
        assert not any(verify_inclusion(HASHES[index], other, size, proof, root) for other in range(-1, size + 2) if other != index)
        for changed in range(len(proof)):
            assert not verify_inclusion(HASHES[index], index, size, [*proof[:changed], OTHER, *proof[changed + 1 :]], root)
            assert not verify_inclusion(HASHES[index], index, size, proof[:changed] + proof[changed + 1 :], root)


@pytest.mark.parametrize("later", range(1, MOST + 1))
def test_every_growth_is_proved_and_no_other_is(later: int) -> None:
    root = mth(LEAVES[:later])
    for earlier in range(1, later + 1):
        proof, before = consistency_proof(HASHES[:later], earlier), mth(LEAVES[:earlier])
        assert verify_consistency(earlier, later, proof, before, root)
        assert not verify_consistency(earlier, later, proof, OTHER, root)
        assert not verify_consistency(earlier, later, proof, before, OTHER)
        assert not verify_consistency(earlier, later, [*proof, OTHER], before, root)
        assert not any(verify_consistency(other, later, proof, before, root) for other in range(later + 2) if other != earlier)
        for changed in range(len(proof)):
            assert not verify_consistency(earlier, later, [*proof[:changed], OTHER, *proof[changed + 1 :]], before, root)
            assert not verify_consistency(earlier, later, proof[:changed] + proof[changed + 1 :], before, root)


@given(leaves_of_any_kind.filter(bool), st.data())
def test_proofs_of_random_trees_are_verified(leaves: list[bytes], data: st.DataObject) -> None:
    hashes, size = [leaf_hash(leaf) for leaf in leaves], len(leaves)
    index = data.draw(st.integers(0, size - 1))
    assert verify_inclusion(hashes[index], index, size, inclusion_proof(hashes, index), mth(leaves))
    earlier = data.draw(st.integers(1, size))
    assert verify_consistency(earlier, size, consistency_proof(hashes, earlier), mth(leaves[:earlier]), mth(leaves))


def test_what_cannot_be_proved_is_refused() -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(HASHES[:3], 3)
    for earlier in (0, 4):
        with pytest.raises(ValueError, match="not compared"):
            consistency_proof(HASHES[:3], earlier)
    assert not verify_consistency(0, 3, [], mth([]), mth(LEAVES[:3]))
