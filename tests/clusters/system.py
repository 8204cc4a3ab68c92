"""A Debian 13 with the servers of a cluster, in a folder of `.cache`: made once by debootstrap, whoever asks first."""

import fcntl
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.servers.debian import install
from tests.servers.process import Unavailable

CACHE = Path(__file__).parent.parent.parent / ".cache"
SUITE, MIRROR = "trixie", "http://deb.debian.org/debian"
PACKAGES = ("rabbitmq-server", "postgresql-17", "patroni", "python3-etcd", "etcd-server", "etcd-client", "haproxy")
NOTHING_STARTS = "#!/bin/sh\nexit 101\n"


def servers() -> Path:
    """The folder of the system."""
    return kept("cluster-servers", furnish)


def user_of(name: str) -> tuple[int, int]:
    """The ids of a user of the system, which has its own."""
    users = dict(line.split(":", 1) for line in (servers() / "etc" / "passwd").read_text().splitlines())
    user, group = users[name].split(":")[1:3]
    return int(user), int(group)


def furnish(folder: Path) -> None:
    done(["cp", "--archive", str(kept(SUITE, debootstrap)), str(folder)])
    shutil.copy("/etc/resolv.conf", folder / "etc" / "resolv.conf")
    policy = folder / "usr" / "sbin" / "policy-rc.d"
    policy.write_text(NOTHING_STARTS)
    policy.chmod(0o755)
    for words in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES], ["clean"]):
        done(["chroot", str(folder), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", *words])


def debootstrap(folder: Path) -> None:
    if shutil.which("debootstrap") is None:
        install("debootstrap")
    done(["debootstrap", "--variant=minbase", "--include=ca-certificates", SUITE, str(folder), MIRROR])


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """What `make` makes in a folder, once."""
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
