"""Readers that follow a log get what the log has, in order, whoever reads before them and wherever they are."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.message import EventMessage
from shared.store import recent_events
from shared.store.recent_events import FollowedStore
from shared.store.sqlite.store import SqliteStore
from tests.contract.store.writing import append

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 4)),
        st.tuples(st.integers(0, 30), st.integers(-1, 6)),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=60)
@given(STEPS, st.integers(1, 8))
def test_a_page_is_the_beginning_of_what_the_log_has_there(steps: list[tuple[str | int, int]], kept: int) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(recent_events, "KEPT", kept)
        store = SqliteStore(Path(folder) / "log.sqlite")
        followed = FollowedStore(store, {})
        for number, (step, size) in enumerate(steps):
            if step == "append":
                store.append(append(f"s-{number}", size=size))
                continue
            after, whole = int(step), store.read_all(int(step), size)
            page = followed.read_all(after, size)
            assert page == whole[: len(page)]
            assert bool(page) == bool(whole)
        store.close()


def test_a_page_is_read_from_the_log_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_events, "WAIT_S", 30)
    store = SqliteStore(tmp_path / "log.sqlite")
    followed = FollowedStore(store, {})
    store.append(append("s", size=3))
    reads: list[int] = []
    read_all = store.read_all

    def noted(after: int, limit: int) -> list[EventMessage]:
        reads.append(after)
        return read_all(after, limit)

    monkeypatch.setattr(store, "read_all", noted)
    with ThreadPoolExecutor(4) as readers:
        pages = [*readers.map(lambda _: followed.read_all(0), range(8))]
    assert [[event.streamversion for event in page] for page in pages] == [[1, 2, 3]] * 8
    assert followed.read_all(pages[0][1].position) == pages[0][2:]
    assert reads == [0]
    store.close()
