"""A copy of a log that is being written: complete, as of one commit, and without harm to other files."""

import errno
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from shared.store.sqlite.store import SqliteStore
from tests.contract.store.invariants import assert_log_invariants
from tests.contract.store.writing import all_events, numbered_batch


def test_a_copy_made_while_others_write_is_a_complete_log_as_of_one_commit(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "log.sqlite")
    stop = threading.Event()

    def write(worker: int) -> None:
        number = 0
        while not stop.is_set():
            store.append(numbered_batch(worker, number))
            number += 1

    writers = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for writer in writers:
        writer.start()
    heads = []
    for number in range(5):
        before = store.head()
        store.copy(tmp_path / f"copy-{number}.sqlite")
        heads.append((before, store.head()))
    stop.set()
    for writer in writers:
        writer.join()
    events_at_the_end = all_events(store)
    for number, (before, after) in enumerate(heads):
        with closing(SqliteStore(tmp_path / f"copy-{number}.sqlite")) as copy:
            events = all_events(copy)
            assert before <= copy.head() <= after
            assert events == events_at_the_end[: len(events)]
            assert_log_invariants(events)
    assert not list(tmp_path.glob("*.part"))


def test_a_copy_is_a_log_that_can_be_appended_to(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "log.sqlite")
    store.append(numbered_batch(1, 0))
    store.copy(tmp_path / "copy.sqlite")
    with closing(SqliteStore(tmp_path / "copy.sqlite")) as copy:
        assert copy.append(numbered_batch(1, 0)) == store.append(numbered_batch(1, 0))
        copy.append(numbered_batch(1, 1))
        assert copy.head() > store.head()


def test_a_copy_never_overwrites_and_checks_so_before_it_reads(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "log.sqlite")
    store.append(numbered_batch(1, 0))
    other, dangling = tmp_path / "other", tmp_path / "link"
    other.write_text("unchanged")
    dangling.symlink_to(tmp_path / "nothing")
    for existing in (other, dangling, tmp_path):
        with pytest.raises(FileExistsError):
            store.copy(existing)
    assert other.read_text() == "unchanged"
    assert store.scan_readers.idle == []


def test_a_copy_leaves_other_files_unchanged(tmp_path: Path) -> None:
    """Whatever their names are: the temporary file has a unique one."""
    store = SqliteStore(tmp_path / "log.sqlite")
    store.append(numbered_batch(1, 0))
    for name in ("copy.sqlite.part", ".copy.sqlite.part", "copy.sqlite-journal.part"):
        (tmp_path / name).write_text("unchanged")
    before = {file.name for file in tmp_path.iterdir()}
    store.copy(tmp_path / "copy.sqlite")
    assert {file.name for file in tmp_path.iterdir()} - before == {"copy.sqlite"}
    assert {file.read_text() for file in tmp_path.glob("*.part")} == {"unchanged"}
    assert (tmp_path / "copy.sqlite").stat().st_mode == store.path.stat().st_mode


def outcomes_of_copies(store: SqliteStore, path: Path) -> list[type[BaseException] | None]:
    barrier = threading.Barrier(4)

    def copy(_: int) -> type[BaseException] | None:
        barrier.wait(10)
        try:
            store.copy(path)
        except FileExistsError as fault:
            return type(fault)
        return None

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(copy, range(4)))


@pytest.mark.parametrize("hard_links", [True, False])
def test_only_one_of_several_copies_to_the_same_name_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hard_links: bool) -> None:
    if not hard_links:
        monkeypatch.setattr(os, "link", link_is_refused)
    store = SqliteStore(tmp_path / "log.sqlite")
    store.append_many([numbered_batch(worker, 0) for worker in range(100)])
    for number in range(5):
        outcomes = outcomes_of_copies(store, tmp_path / f"copy-{number}.sqlite")
        assert sorted(outcomes, key=str) == [FileExistsError] * 3 + [None]
        with closing(SqliteStore(tmp_path / f"copy-{number}.sqlite")) as copy:
            assert all_events(copy) == all_events(store)
    assert not list(tmp_path.glob("*.part")) + list(tmp_path.glob(".*.part"))


def link_is_refused(part: str, path: Path) -> None:
    """Replaces os.link as on a file system without hard links, which cannot be mounted where the tests run."""
    raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), part, None, str(path))


COPY_WITH_LIMITED_FILE_SIZE = """
import resource, sys
from pathlib import Path
from shared.errors import Unavailable
from shared.store.sqlite.store import SqliteStore
from tests.contract.store.writing import numbered_batch

path = Path(sys.argv[1])
store = SqliteStore(path)
store.append_many([numbered_batch(worker, 0) for worker in range(100)])
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    store.copy(path.with_name("copy.sqlite"))
except Unavailable as fault:
    print(fault)
print(len(store.read_all(0)))
"""


def test_a_copy_that_cannot_be_written_is_unavailable_and_leaves_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", COPY_WITH_LIMITED_FILE_SIZE, str(tmp_path / "log.sqlite")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{tmp_path / 'copy.sqlite'}: disk I/O error", "300"]
    assert {file.name.partition("-")[0] for file in tmp_path.iterdir()} == {"log.sqlite"}
