"""How long the relay lets events gather."""

from pathlib import Path

import pytest

from shared.bus.relay import BATCH_DELAY_S, MANY, MANY_DELAY_S, Relay
from shared.store.sqlite.checkpoints import SqliteCheckpoints
from shared.store.sqlite.store import SqliteStore
from tests.contract.store.writing import append


def test_events_gather_longer_after_many_and_not_at_all_after_a_full_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqliteStore(tmp_path / "log.sqlite")
    store.append(append("s", size=100))
    events = store.read_all(0)
    relay = Relay(store, SqliteCheckpoints(tmp_path / "log.sqlite"), "embedded://", window_size=100)
    waits: list[float] = []
    monkeypatch.setattr(relay.stopping, "wait", waits.append)
    for size in (1, MANY - 1, MANY, 99, 100):
        relay.wait_for_batch(events[:size])
    assert waits == [BATCH_DELAY_S, BATCH_DELAY_S, MANY_DELAY_S, MANY_DELAY_S]
    assert MANY_DELAY_S > BATCH_DELAY_S
    store.close()
