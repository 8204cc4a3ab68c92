"""A disk of a few megabytes that can be filled to the last byte and emptied again."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.servers.process import Unavailable


class SmallDisk:
    """A file of zeros takes all the space, or all but some."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ballast = path / "ballast"

    def fill(self, left: int = 0) -> None:
        """Until nothing is free but `left` bytes."""
        with self.ballast.open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(4096))
        os.truncate(self.ballast, self.ballast.stat().st_size - left)

    def clear(self) -> None:
        self.ballast.unlink()

    def folder_of(self, user: str) -> Path:
        folder = self.path / user
        folder.mkdir(0o700)
        shutil.chown(folder, user, user)
        return folder


@contextmanager
def small_disk(megabytes: int) -> Iterator[SmallDisk]:
    """In memory, and gone afterwards. Raises Unavailable where we may not mount."""
    path = Path(tempfile.mkdtemp(prefix="parcours-disk-"))
    try:
        mounted("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(path))
        try:
            yield SmallDisk(path)
        finally:
            mounted("umount", "--lazy", str(path))
    finally:
        path.rmdir()


def mounted(*words: str) -> None:
    if shutil.which(words[0]) is None:
        raise Unavailable(f"there is no {words[0]}")
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(done.stderr.partition("\n")[0])
