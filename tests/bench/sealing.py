"""How fast a log is sealed and verified, by processor time, compared with hashing the same bytes and doing nothing else."""

import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from shared.proof.merkle import CompactRange, leaf_hash
from shared.proof.notes import SignerKey
from shared.proof.sealer import Pace as SealerPace
from shared.proof.sealer import Sealer
from shared.proof.sealing import Sealing
from shared.proof.verification import Verification
from shared.store.tree_heads import all_heads
from tests.bench.growth import fill
from tests.bench.measuring import Pace, Side, in_turn
from tests.bench.table import OURS, Line, Table
from tests.contract.proof.sealed import SealedLog

MOST = 20_000  # events: sealing and verifying take as long for each event of a longer log
FLOOR = "bare SHA-256"
SIGNER = SignerKey("bench", bytes(32))


def main(name: str, log: str, other: str, pace: Pace, table: Table) -> None:
    total = fill(log, min(pace.events, MOST))
    sealed = SealedLog(log, Path(log).parent)
    lines = [event.line for event in sealed.store.read_stored(0, total)]
    sealed.seal(SIGNER, pace=SealerPace())
    works: dict[str, Callable[[], object]] = {
        FLOOR: lambda: [sha256(line).digest() for line in lines],
        "tree": lambda: grown(lines),
        "seal": lambda: heads_of(sealed),
        "verify": lambda: verified(sealed),
    }
    rates = in_turn({work: by_processor_time(run, len(lines)) for work, run in works.items()}, pace)
    for work, measure in (("tree in memory", "tree"), ("leaves and signatures", "seal"), ("verification", "verify")):
        table.add(Line(name, f"{work} of {len(lines):,}", {OURS: rates[measure], FLOOR: rates[FLOOR]}))


def by_processor_time(run: Callable[[], object], count: int) -> Side:
    def one_round() -> float:
        start = time.process_time()
        run()
        return count / (time.process_time() - start)

    return one_round


def grown(lines: list[bytes]) -> bytes:
    tree = CompactRange()
    for line in lines:
        tree.append(leaf_hash(line))
    return tree.root()


def heads_of(sealed: SealedLog) -> None:
    """All that a sealer does of a log that is not sealed, but for storing the heads."""
    sealer, sealing = Sealer(sealed.store, sealed.checkpoints, sealed.heads, SIGNER), Sealing(None, time.monotonic)
    while sealer.read(sealing):
        pass
    assert sealing.heads(SIGNER, sealer.pace.events, rest=True)


def verified(sealed: SealedLog) -> None:
    assert [*Verification(sealed.store, SIGNER.verifier, {}).findings(all_heads(sealed.heads))] == []
