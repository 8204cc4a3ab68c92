"""Folders with a Debian system in them, made by debootstrap and kept in .cache/: a program or an image is made from a copy."""

import fcntl
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.servers.debian import install
from tests.servers.process import Unavailable

CACHE = Path(__file__).parent.parent.parent / ".cache"
MIRROR = "http://deb.debian.org/debian"
NOTHING_STARTS = "#!/bin/sh\nexit 101\n"


def base(suite: str) -> Path:
    """A small system of a suite, as debootstrap makes it. It is copied, never changed."""

    def debootstrap(folder: Path) -> None:
        if shutil.which("debootstrap") is None:
            install("debootstrap")
        done(["debootstrap", "--variant=minbase", "--include=ca-certificates", suite, str(folder), MIRROR])

    return kept(suite, debootstrap)


def system(name: str, suite: str, packages: Sequence[str]) -> Path:
    """A system with these packages."""
    original = base(suite)

    def furnish(folder: Path) -> None:
        done(["cp", "--archive", str(original), str(folder)])
        shutil.copy("/etc/resolv.conf", folder / "etc" / "resolv.conf")
        policy = folder / "usr" / "sbin" / "policy-rc.d"
        policy.write_text(NOTHING_STARTS)
        policy.chmod(0o755)
        for words in (["update"], ["install", "-y", "--no-install-recommends", *packages], ["clean"]):
            done(["chroot", str(folder), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", *words])

    return kept(name, furnish)


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """What `make` makes in a folder, once: several test sessions may ask at the same time."""
    folder, draft = CACHE / name, CACHE / f"{name}.draft"
    CACHE.mkdir(exist_ok=True)
    with locked(CACHE / f"{name}.lock"):
        if not folder.exists():
            shutil.rmtree(draft, ignore_errors=True)
            make(draft)
            draft.rename(folder)
    return folder


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def done(command: Sequence[str]) -> str:
    """What a command prints. A machine that cannot run it cannot run these tests."""
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except FileNotFoundError as fault:
        raise Unavailable(f"{command[0]}: {fault}") from fault
    if answer.returncode:
        raise Unavailable(f"{' '.join(command)}: {(answer.stderr or answer.stdout)[-2000:]}")
    return answer.stdout
