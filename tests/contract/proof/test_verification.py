"""What was changed beneath the guards of a database is named, whatever it is."""

from base64 import b64encode
from collections.abc import Callable

import pytest

from shared.proof.merkle import leaf_hash
from shared.proof.proofs import root_of
from shared.proof.sealing import CannotSeal
from shared.proof.tree_checkpoint import read_checkpoint, sign_checkpoint
from tests.contract.proof.sealed import OTHER_SIGNER, SIGNER, SealedLog

Change = Callable[[SealedLog], None]


def of_positions(sealed: SealedLog) -> list[int]:
    return [event.position for event in sealed.store.read_stored(0, 100)]


def texts(sealed: SealedLog) -> str:
    return "\n".join(finding.text for finding in sealed.verify()[0])


def test_a_log_of_any_kind_is_sealed_and_verified(any_log: SealedLog) -> None:
    assert any_log.verify()[1].events == 0
    any_log.write(4)
    any_log.seal(rest=False)
    assert [head.size for head in any_log.heads.after(0, 9)] == [5, 10]
    findings, result = any_log.verify()
    assert (findings, result.events, result.sealed, result.checkpoints) == ([], 12, 10, 2)
    any_log.write(1, first=4)
    any_log.seal()
    findings, result = any_log.verify()
    assert (findings, result.events, result.sealed) == ([], 15, 15)
    checkpoint = read_checkpoint(result.checkpoint, SIGNER.verifier)
    assert checkpoint.root == root_of([leaf_hash(event.line) for event in any_log.store.read_stored(0, 100)])


@pytest.mark.parametrize("number", [0, 7, 11])
def test_one_byte_that_changes_is_named_with_its_event(sealed: SealedLog, number: int) -> None:
    sealed.write(4)
    sealed.seal()
    position = of_positions(sealed)[number]
    sealed.rewrite(position, lambda line: line.replace('"step":1', '"step":2'))
    assert sealed.kinds() == ["changed"]
    assert texts(sealed) == f"event number {number + 1}, at position {position}, is not the one that was sealed"


def test_a_space_that_changes_no_meaning_is_noticed(sealed: SealedLog) -> None:
    sealed.write(2)
    sealed.seal()
    sealed.rewrite(of_positions(sealed)[2], lambda line: line + " ")
    assert sealed.kinds() == ["changed"]


def test_a_checkpoint_that_was_kept_is_compared_with_the_log_and_not_with_its_seals(sealed: SealedLog) -> None:
    """Also one of a later tree head than the one before which something was changed."""
    sealed.write(4)
    sealed.seal()
    last = sealed.heads.last()
    assert last is not None
    sealed.rewrite(of_positions(sealed)[2], lambda line: line.replace('"step":1', '"step":2'))
    assert sealed.kinds({"kept": last.note}) == ["changed", "fork"]


def test_an_event_that_is_gone_is_named(sealed: SealedLog) -> None:
    sealed.write(4)
    sealed.seal()
    with sealed.tampering() as execute:
        execute("delete from events where position = ?", of_positions(sealed)[6])
    assert sealed.kinds() == ["missing", "gap", "version"]
    assert "event number 7 is missing" in texts(sealed)


def test_an_event_that_is_gone_without_a_trace_in_the_events_after_it_is_named(sealed: SealedLog) -> None:
    """The event after it is changed so that it follows the one before."""
    sealed.write(4)
    sealed.seal()
    positions = of_positions(sealed)
    with sealed.tampering() as execute:
        execute("delete from events where position = ?", positions[8])  # the last of its stream
    sealed.rewrite(positions[9], lambda line: line.replace(f'"previous":{positions[8]}', f'"previous":{positions[7]}'))
    assert sealed.kinds() == ["changed", "missing"]
    assert "event number 10" in texts(sealed)


def test_two_events_that_are_swapped_are_named(sealed: SealedLog) -> None:
    sealed.write(4)
    sealed.seal()
    one, other = sealed.store.read_stored(0, 100)[6:8]
    with sealed.tampering() as execute:
        for event, line in ((one, other.line), (other, one.line)):
            execute("update events set message = ? where position = ?", line.decode(), event.position)
    assert sealed.kinds().count("moved") == 2
    assert f"event number 7 stands at position {other.position}" in texts(sealed)


def test_an_event_that_is_added_among_sealed_ones_is_named(sealed: SealedLog) -> None:
    sealed.write(4)
    positions = of_positions(sealed)
    with sealed.tampering() as execute:  # there is room for it
        execute("delete from events where position = ?", positions[8])
    sealed.seal()
    with sealed.tampering() as execute:
        statement = "insert into events select ?, 's-new', 1, type, recorded_at, message from events where position = ?"
        execute(statement, positions[8], positions[7])
    assert "added" in sealed.kinds()
    assert f"the event at position {positions[8]} was not there when the log was sealed" in texts(sealed)


def test_a_time_that_is_none_is_named(sealed: SealedLog) -> None:
    """A column of SQLite takes any text."""
    if sealed.on_postgres:
        return
    sealed.write(2)
    sealed.seal()
    with sealed.tampering() as execute:
        execute("update events set recorded_at = 'x' where position = ?", of_positions(sealed)[3])
    assert sealed.kinds() == ["column"]


def test_a_log_without_a_checkpoint_is_not_proved(sealed: SealedLog) -> None:
    assert sealed.kinds() == []  # there is nothing to prove
    sealed.write(2)
    assert sealed.kinds() == ["unsealed"]
    sealed.seal()
    assert sealed.kinds() == []
    with sealed.tampering() as execute:
        execute("delete from tree_heads")
    assert sealed.kinds() == ["unsealed"]


@pytest.mark.parametrize(
    "column", ["stream = 'other'", "version = 99", "type = 'other'", "recorded_at = '2001-02-03T04:05:06.000000+00:00'"]
)
def test_a_column_that_is_not_what_the_event_says_is_named(sealed: SealedLog, column: str) -> None:
    sealed.write(2)
    sealed.seal()
    position = of_positions(sealed)[3]
    with sealed.tampering() as execute:
        execute(f"update events set {column} where position = ?", position)
    assert sealed.kinds() == ["column"]
    assert f"the event at position {position}" in texts(sealed)


def test_a_tail_that_is_cut_off_is_named(sealed: SealedLog) -> None:
    sealed.write(4)
    sealed.seal()
    positions = of_positions(sealed)
    with sealed.tampering() as execute:
        execute("delete from events where position > ?", positions[7])
    assert sealed.kinds() == ["cut", "missing", "cut", "missing"]
    assert f"the log ends at position {positions[7]}" in texts(sealed)
    assert "events number 9 to 10 are missing" in texts(sealed)


def test_a_tail_that_is_cut_off_with_its_checkpoints_is_named_by_who_kept_one(sealed: SealedLog) -> None:
    sealed.write(4)
    sealed.seal()
    kept = sealed.verify()[1].checkpoint
    with sealed.tampering() as execute:
        execute("delete from events where position > ?", of_positions(sealed)[9])
        execute("delete from tree_heads where size > ?", 10)
    assert sealed.kinds() == []
    assert sealed.kinds({"kept": kept}) == ["cut"]


@pytest.mark.parametrize("head", [5, 12])
def test_a_forged_signature_is_named(sealed: SealedLog, head: int) -> None:
    sealed.write(4)
    sealed.seal()
    root = root_of([leaf_hash(event.line) for event in sealed.store.read_stored(0, head)])
    for note in (sign_checkpoint(OTHER_SIGNER, head, root), "no note"):
        with sealed.tampering() as execute:
            execute("update tree_heads set note = ? where size = ?", note, head)
        assert sealed.kinds() == ["signature"]
        assert f"the checkpoint of {head} events" in texts(sealed)


@pytest.mark.parametrize("column", ["leaves", "subtrees"])
def test_what_is_kept_with_a_checkpoint_is_no_authority(sealed: SealedLog, column: str) -> None:
    sealed.write(4)
    sealed.seal()
    for text in (b64encode(bytes(160)).decode(), "no base64"):
        with sealed.tampering() as execute:
            execute(f"update tree_heads set {column} = ? where size = ?", text, 5)
        assert sealed.kinds() == ["head"]


def test_an_event_that_is_changed_with_the_leaves_that_are_kept_is_no_secret_and_what_comes_after_it_is_compared(sealed: SealedLog) -> None:
    sealed.write(4)
    sealed.seal()
    positions = of_positions(sealed)
    for number in (1, 11):
        sealed.rewrite(positions[number], lambda line: line.replace('"step":1', '"step":2'))
    leaves = b"".join(leaf_hash(event.line) for event in sealed.store.read_stored(0, 5))
    with sealed.tampering() as execute:
        execute("update tree_heads set leaves = ? where size = ?", b64encode(leaves).decode(), 5)
    assert sealed.kinds() == ["head", "changed"]
    assert "neither the log nor the leaves that are kept of events number 1 to 5" in texts(sealed)
    assert "event number 12" in texts(sealed)


def test_a_checkpoint_that_is_taken_away_is_missed(sealed: SealedLog) -> None:
    sealed.write(4)
    sealed.seal()
    with sealed.tampering() as execute:
        execute("delete from tree_heads where size = ?", 5)
    assert sealed.kinds() == ["head"]


def test_a_log_that_is_written_anew_and_sealed_with_another_key_is_named(sealed: SealedLog) -> None:
    rewritten(sealed, lambda: sealed.seal(OTHER_SIGNER))
    assert sealed.kinds() == ["signature"] * 3 + ["unsealed"]


def test_a_log_that_is_written_anew_and_sealed_with_the_same_key_is_named_by_who_kept_a_checkpoint(sealed: SealedLog) -> None:
    kept = rewritten(sealed, sealed.seal)
    assert sealed.kinds() == []
    assert sealed.kinds({"auditor.txt": kept}) == ["fork"]
    assert sealed.verify({"auditor.txt": kept})[0][0].text.startswith("auditor.txt is signed, of 12 events")


def rewritten(sealed: SealedLog, seal: Callable[[], object]) -> str:
    """Write a sealed log anew, with another event in it, and seal it; return the checkpoint that it had."""
    sealed.write(4)
    sealed.seal()
    kept = sealed.verify()[1].checkpoint
    sealed.rewrite(of_positions(sealed)[4], lambda line: line.replace('"step":1', '"step":7'))
    with sealed.tampering() as execute:
        execute("delete from tree_heads")
    seal()
    return kept


def test_two_auditors_who_were_shown_two_logs_find_out(sealed: SealedLog) -> None:
    """Of the same size, by the same key, each genuine: one of them is not of this log."""
    sealed.write(4)
    sealed.seal()
    own, fork = sealed.verify()[1].checkpoint, sign_checkpoint(SIGNER, 10, bytes(32))
    assert sealed.kinds({"own": own}) == []
    assert sealed.kinds({"own": own, "other": fork}) == ["fork"]


def test_what_somebody_kept_is_compared_at_any_size_and_read_strictly(sealed: SealedLog) -> None:
    sealed.write(4)
    leaves = [leaf_hash(event.line) for event in sealed.store.read_stored(0, 100)]
    kept = {str(size): sign_checkpoint(SIGNER, size, root_of(leaves[:size])) for size in range(13)}
    assert sealed.kinds(kept) == []  # although nothing of it is sealed
    sealed.seal()
    assert sealed.kinds(kept) == []
    assert sealed.kinds({"a": sign_checkpoint(OTHER_SIGNER, 3, root_of(leaves[:3])), "b": "x", "c": kept["3"]}) == ["signature"] * 2


def test_a_version_that_is_not_the_next_of_its_stream_is_named_unsealed_too(sealed: SealedLog) -> None:
    sealed.write(2)
    sealed.rewrite(of_positions(sealed)[5], lambda line: line.replace('"streamversion":3', '"streamversion":4'))
    assert sealed.kinds() == ["column", "version", "unsealed"]
    assert "version 4 of the stream s-1 follows version 2" in texts(sealed)


def test_a_sealer_goes_on_from_nothing_that_it_did_not_sign_and_from_no_log_that_was_cut(sealed: SealedLog) -> None:
    sealed.write(4)
    sealed.seal()
    with pytest.raises(CannotSeal, match="PARCOURS_SEAL_KEY"):
        sealed.seal(OTHER_SIGNER)
    positions = of_positions(sealed)
    with sealed.tampering() as execute:
        execute("delete from events where position > ?", positions[7])
    with pytest.raises(CannotSeal, match="the log ends before"):
        sealed.seal()
    with sealed.tampering() as execute:
        execute("update tree_heads set subtrees = ? where size = ?", b64encode(bytes(64)).decode(), 12)
    with pytest.raises(CannotSeal, match="not what was signed"):
        sealed.seal()
