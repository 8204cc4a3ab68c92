"""Whether a tree head is what was signed, and which leaves were sealed with it."""

from collections.abc import Sequence

from msgspec import Struct

from shared.proof.comparison import numbered
from shared.proof.finding import Finding
from shared.proof.merkle import CompactRange
from shared.proof.notes import NotANote, NotSigned, VerifierKey
from shared.proof.sealing import split_hashes
from shared.proof.tree_checkpoint import read_checkpoint
from shared.store.tree_heads import TreeHead


class HeadCheck(Struct):
    """`leaves` are those that were sealed since the head before, and `tree` is what was sealed with this one; None if it is not known."""

    findings: list[Finding]
    leaves: Sequence[bytes]
    tree: CompactRange | None


def check_head(head: TreeHead, before: CompactRange | None, found: Sequence[bytes], verifier: VerifierKey) -> HeadCheck:
    """`before` is what was sealed with the head before, and `found` are the leaves of the log up to the position of this head.

    Whatever gives the root that was signed is what was sealed: the leaves that are kept, or those of the log, or the subtrees.
    """
    findings: list[Finding] = []
    root = signed_root(head, verifier, findings)
    kept = hashes(head.leaves)
    first = before.size + 1 if before else 1
    by_kept = grown(before, kept, head.size)
    if root is None and by_kept and kept:  # the next head that is signed covers these leaves, too
        return HeadCheck(findings, kept, by_kept)
    if by_kept and kept is not None and by_kept.root() == root:
        if hashes(head.subtrees) != by_kept.subtrees:
            findings.append(Finding("head", f"the subtrees kept with the checkpoint of {head.size} events do not give its root"))
        return HeadCheck(findings, kept, by_kept)
    by_found = grown(before, found, head.size)
    if root is None:
        return HeadCheck(findings, found, by_found)
    if by_found and by_found.root() == root:
        findings.append(Finding("head", f"the leaves kept with the checkpoint of {head.size} events do not give its root; the log does"))
        return HeadCheck(findings, found, by_found)
    what = numbered(first, head.size)
    findings.append(Finding("head", f"neither the log nor the leaves that are kept of {what} give the root that was signed"))
    return HeadCheck(findings, found, resumed(head, root))


def signed_root(head: TreeHead, verifier: VerifierKey, findings: list[Finding]) -> bytes | None:
    what = f"the checkpoint of {head.size} events"
    try:
        checkpoint = read_checkpoint(head.note, verifier)
    except NotANote as fault:
        findings.append(Finding("signature", f"{what} is no signed note: {fault}"))
    except NotSigned as fault:
        findings.append(Finding("signature", f"{what}: {fault}"))
    else:
        if checkpoint.size == head.size:
            return checkpoint.root
        findings.append(Finding("head", f"{what} was signed for {checkpoint.size} events"))
    return None


def hashes(text: str) -> list[bytes] | None:
    try:
        return split_hashes(text)
    except ValueError:
        return None


def grown(tree: CompactRange | None, leaves: Sequence[bytes] | None, size: int) -> CompactRange | None:
    """The tree with these leaves, if it then has this size."""
    if tree is None or leaves is None or tree.size + len(leaves) != size:
        return None
    tree = tree.copy()
    tree.extend(leaves)
    return tree


def resumed(head: TreeHead, root: bytes) -> CompactRange | None:
    try:
        tree = CompactRange(head.size, hashes(head.subtrees) or [])
    except ValueError:
        return None
    return tree if tree.root() == root else None
