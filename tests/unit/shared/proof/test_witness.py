"""A witness cosigns what has grown from what it has seen, and nothing else; what it has seen is kept first."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest

from shared.proof.cosignature import witness_of
from shared.proof.merkle import leaf_hash
from shared.proof.notes import SignerKey
from shared.proof.proofs import root_of
from shared.proof.tree_checkpoint import sign_checkpoint
from shared.proof.witness import Refuses, SealedPart, Witness

LOG, OTHER_LOG, KEY = (SignerKey(name, bytes([seed]) * 32) for name, seed in (("log", 1), ("other", 2), ("witness", 3)))
NOW = datetime(2024, 4, 2, tzinfo=UTC)
ONE = [leaf_hash(b"%d" % number) for number in range(12)]
FORKED = [*ONE[:4], leaf_hash(b"another"), *ONE[5:]]


def sealed(leaves: Sequence[bytes], *sizes: int, signer: SignerKey = LOG) -> list[SealedPart]:
    """The checkpoints of a log at these sizes."""
    return [
        SealedPart(size, sign_checkpoint(signer, size, root_of(leaves[:size])), b64encode(b"".join(leaves[before:size])).decode())
        for before, size in zip((0, *sizes), sizes, strict=False)
    ]


class Kept:
    def __init__(self) -> None:
        self.seen: dict[str, str] = {}

    def keep(self, seen: Mapping[str, str]) -> None:
        self.seen = dict(seen)

    @property
    def witness(self) -> Witness:
        """As it is after a start."""
        return Witness(KEY, self.seen, self.keep)


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_a_log_that_grows_is_cosigned_again_and_again(kept: Kept) -> None:
    for sizes in ((5,), (5, 7), (5, 7), (3, 7, 12)):
        note = kept.witness.cosigned(sealed(ONE, *sizes), LOG.verifier, NOW)
        assert witness_of(KEY).cosigned_at(note) == NOW
        assert note.splitlines()[1] == str(sizes[-1])
        assert kept.seen == {"log": note}


def test_several_logs_are_known_by_their_origins(kept: Kept) -> None:
    kept.witness.cosigned(sealed(ONE, 7), LOG.verifier, NOW)
    kept.witness.cosigned(sealed(FORKED, 5, signer=OTHER_LOG), OTHER_LOG.verifier, NOW)
    assert set(kept.seen) == {"log", "other"}


@pytest.mark.parametrize("size", [7, 9, 12])
def test_a_forked_log_that_is_shown_to_a_second_auditor_is_named(kept: Kept, size: int) -> None:
    kept.witness.cosigned(sealed(ONE, 7), LOG.verifier, NOW)
    before = dict(kept.seen)
    with pytest.raises(Refuses, match="the first 7 events are not those that were seen before: the log was forked"):
        kept.witness.cosigned(sealed(FORKED, 5, size), LOG.verifier, NOW)
    assert kept.seen == before


def test_a_log_that_was_cut_off_is_named(kept: Kept) -> None:
    kept.witness.cosigned(sealed(ONE, 7), LOG.verifier, NOW)
    with pytest.raises(Refuses, match="there are 5 events, and 7 were seen before"):
        kept.witness.cosigned(sealed(ONE, 5), LOG.verifier, NOW)


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([], "there is no checkpoint"),
        (sealed(ONE, 5, signer=OTHER_LOG), "not one of this log"),
        ([SealedPart(5, sealed(ONE, 5)[0].note, sealed(FORKED, 5)[0].leaves)], "the leaves do not give the checkpoint of 5 events"),
        ([SealedPart(5, sealed(ONE, 5)[0].note, "x")], "cannot be read"),
        (sealed(ONE, 5, 7)[1:], "the leaves do not give the checkpoint of 7 events"),
    ],
)
def test_what_is_not_signed_or_not_whole_is_not_cosigned(kept: Kept, parts: list[SealedPart], why: str) -> None:
    with pytest.raises(Refuses, match=why):
        kept.witness.cosigned(parts, LOG.verifier, NOW)
    assert kept.seen == {}


def test_a_cosignature_leaves_only_when_what_was_seen_is_kept() -> None:
    def full(seen: Mapping[str, str]) -> None:
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        Witness(KEY, {}, full).cosigned(sealed(ONE, 5), LOG.verifier, NOW)
