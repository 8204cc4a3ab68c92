"""The sealer: what it signs and when, and that nothing is lost or signed twice whoever dies, or loses its lease, at whatever moment."""

import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from shared.errors import Unavailable
from shared.metrics import LEASE_HELD, REGISTRY
from shared.proof.sealer import NAME, Pace, Sealer
from shared.proof.sealing import CannotSeal
from shared.proof.tree_checkpoint import read_checkpoint
from tests.contract.proof.sealed import OTHER_SIGNER, PACE, SIGNER, SealedLog

MIN_LINES = 60  # that a round has at least


def sizes(sealed: SealedLog) -> list[int]:
    return [head.size for head in sealed.heads.after(0, 1_000)]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def running(sealed: SealedLog, pace: Pace, **more: Any) -> tuple[Sealer, threading.Thread]:
    sealer = Sealer(sealed.store, sealed.checkpoints, sealed.heads, more.pop("signer", SIGNER), pace, **more)
    thread = threading.Thread(target=sealer.run, daemon=True)
    thread.start()
    return sealer, thread


def stop(sealer: Sealer, thread: threading.Thread) -> None:
    sealer.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_a_checkpoint_is_signed_at_every_so_many_events_and_for_what_has_waited(any_log: SealedLog) -> None:
    clock = [0.0]
    any_log.write(4)
    sealer, thread = running(any_log, Pace(events=5, seconds=60.0, rest=0.01, rest_when_behind=0.0), clock=lambda: clock[0])
    wait_for(lambda: sizes(any_log) == [5, 10])
    time.sleep(0.1)
    assert sizes(any_log) == [5, 10]
    clock[0] = 60.0
    wait_for(lambda: sizes(any_log) == [5, 10, 12])
    any_log.write(1, first=4)  # after a quiet time, what is new waits as long
    wait_for(lambda: any_log.checkpoints.load(NAME) == any_log.heads.after(10, 1)[0].position)
    time.sleep(0.1)
    assert sizes(any_log) == [5, 10, 12]
    stop(sealer, thread)
    assert sizes(any_log) == [5, 10, 12, 15]  # a sealer that is stopped signs what it has read
    assert any_log.verify()[0] == []
    assert any_log.checkpoints.load(NAME) == any_log.store.head()


def test_a_long_log_is_sealed_in_rounds(sealed: SealedLog) -> None:
    sealed.write(20)
    sealer, thread = running(sealed, Pace(events=5, seconds=0.0, round=12, rest=0.0, rest_when_behind=0.0))
    wait_for(lambda: sizes(sealed)[-1:] == [60])
    stop(sealer, thread)
    assert all(later - earlier <= 5 for earlier, later in zip([0, *sizes(sealed)], sizes(sealed), strict=False))
    assert sealed.verify()[0] == []


def test_an_empty_log_and_a_log_without_news_are_not_signed(sealed: SealedLog) -> None:
    sealed.seal()
    assert sizes(sealed) == []
    sealed.write(1)
    sealed.seal()
    sealed.seal()
    assert sizes(sealed) == [3]


def test_the_same_log_gets_the_same_checkpoint_from_whoever_seals_it(sealed: SealedLog) -> None:
    """In other rounds, too."""
    sealed.write(4)
    sealed.seal(rest=False)
    first = sealed.heads.last()
    with sealed.tampering() as execute:
        execute("delete from tree_heads")
    sealed.seal(rest=False, pace=Pace(events=5, round=3))
    assert sealed.heads.last() == first
    assert first is not None
    assert read_checkpoint(first.note, SIGNER.verifier).size == 10


@pytest.mark.parametrize("stride", [11, pytest.param(1, marks=pytest.mark.long)])
def test_a_kill_between_any_two_lines_loses_nothing_and_signs_nothing_twice(sealed: SealedLog, stride: int) -> None:
    """Real processes, each killed some lines later than the one before, until one comes to its end."""
    program = [sys.executable, "-m", "tests.contract.proof.dying", sealed.address]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as dying:
        assert dying.stdin
        assert dying.stdout
        for attempt in itertools.count():
            sealed.write(2, first=2 * attempt)
            before = sizes(sealed)
            print(1 + stride * attempt, file=dying.stdin, flush=True)
            answer = dying.stdout.readline().strip()
            assert sizes(sealed)[: len(before)] == before
            sealed.seal()
            findings, result = sealed.verify()
            assert (findings, result.sealed) == ([], 6 * (attempt + 1))
            if answer != "killed":
                break
        dying.stdin.close()
    assert answer == "ended"
    assert stride * attempt > MIN_LINES


def test_a_sealer_that_lost_its_lease_adds_nothing_to_what_the_next_one_added(sealed: SealedLog) -> None:
    sealed.write(4)
    slow = Sealer(sealed.store, sealed.checkpoints, sealed.heads, SIGNER, PACE)
    with sealed.checkpoints.lease(NAME, 1) as held:
        sealing = slow.begin()
        slow.read(sealing)
    sealed.write(1, first=4)
    sealed.seal()
    with pytest.raises(Unavailable, match="the lease sealer was lost"):
        slow.seal(sealing, held, rest=True)
    assert sizes(sealed) == [5, 10, 15]
    assert sealed.verify()[0] == []


def test_of_two_sealers_one_works_and_the_other_takes_over(sealed: SealedLog) -> None:
    pace = Pace(events=5, seconds=0.0, rest=0.0)
    first = running(sealed, pace)
    sealed.write(2)
    wait_for(lambda: sizes(sealed)[-1:] == [6])
    second = running(sealed, pace)
    stop(*first)
    sealed.write(2, first=2)
    wait_for(lambda: sizes(sealed)[-1:] == [12])
    stop(*second)
    assert sealed.verify()[0] == []


def test_servers_that_are_away_are_waited_for(sealed: SealedLog, monkeypatch: pytest.MonkeyPatch) -> None:
    add, faults = sealed.heads.add, [Unavailable("away")]

    def away_once(*arguments: Any) -> None:
        if faults:
            raise faults.pop()
        add(*arguments)

    monkeypatch.setattr(sealed.heads, "add", away_once)
    sealed.write(2)
    sealer, thread = running(sealed, Pace(events=5, seconds=0.0, rest=0.0))
    wait_for(lambda: sizes(sealed)[-1:] == [6])
    stop(sealer, thread)
    assert faults == []


def test_a_sealer_with_another_key_signs_nothing_and_leaves_the_lease(sealed: SealedLog, caplog: pytest.LogCaptureFixture) -> None:
    sealed.write(2)
    sealed.seal()
    sealed.write(2, first=2)
    LEASE_HELD.clear()
    sealer, thread = running(sealed, Pace(events=5, seconds=0.0, rest=0.0), signer=OTHER_SIGNER)
    wait_for(lambda: "nothing is sealed: PARCOURS_SEAL_KEY" in caplog.text)
    assert REGISTRY.get_sample_value("parcours_lease_held", {"lease": NAME}) == 0
    sealed.seal()
    assert sizes(sealed) == [5, 6, 11, 12]
    stop(sealer, thread)


@pytest.mark.parametrize("kept", [0, 10])
def test_no_earlier_head_takes_the_place_of_one_that_a_sealer_has_seen(sealed: SealedLog, kept: int) -> None:
    """Else whoever can delete heads would have the same sealer sign another history."""
    sealed.write(4)
    sealer = sealed.seal()
    with sealed.tampering() as execute:
        execute("delete from tree_heads where size > ?", kept)
    with pytest.raises(CannotSeal, match="the tree head of 12 events, which was added, is gone"):
        sealer.begin()


def test_a_history_that_another_sealer_signed_anew_is_not_gone_on_with(sealed: SealedLog) -> None:
    """A sealer that stands by has seen the heads; one that starts after they were deleted has not."""
    sealed.write(4)
    standby = sealed.seal()
    with sealed.tampering() as execute:
        execute("delete from tree_heads")
    sealed.rewrite(sealed.store.read_stored(0, 1)[0].position, lambda line: line.replace("s-0", "s-9"))
    sealed.write(1, first=4)
    sealed.seal()
    with pytest.raises(CannotSeal, match="the tree head of 12 events, which was added, is gone"):
        standby.begin()


def test_a_log_that_is_another_one_at_the_last_head_is_not_sealed(sealed: SealedLog) -> None:
    sealed.write(4)
    sealed.seal()
    last = sealed.heads.last()
    assert last is not None
    sealed.rewrite(last.position, lambda line: line.replace("s-3", "s-9"))
    sealed.write(1, first=4)
    with pytest.raises(CannotSeal, match="are not those that were sealed"):
        sealed.seal()


def test_a_log_that_was_cut_and_has_grown_again_is_not_sealed(sealed: SealedLog) -> None:
    sealed.write(4)
    sealed.seal()
    last = sealed.heads.last()
    assert last is not None
    with sealed.tampering() as execute:
        execute("delete from events where position = ?", last.position)
    sealed.write(1, first=4)
    with pytest.raises(CannotSeal, match="are not those that were sealed"):
        sealed.seal()


@pytest.mark.parametrize(
    ("column", "value"), [("subtrees", "no base64"), ("subtrees", "AAAA"), ("note", "no note"), ("leaves", "no base64")]
)
def test_a_damaged_head_is_said_to_be_one(sealed: SealedLog, column: str, value: str) -> None:
    sealed.write(4)
    sealed.seal()
    with sealed.tampering() as execute:
        execute(f"update tree_heads set {column} = ? where size = 12", value)
    with pytest.raises(CannotSeal, match="is not what was signed"):
        sealed.seal()
