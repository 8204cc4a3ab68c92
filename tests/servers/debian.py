"""The programs that servers need, from Debian's packages: found, or installed when we may."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.process import Unavailable

POLICY = Path("/usr/sbin/policy-rc.d")
ENV = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}


def postgres_programs() -> Path:
    """The folder of initdb and postgres, the newest version first."""
    return program("/usr/lib/postgresql/*/bin/postgres", "postgresql").parent


def rabbitmq_server() -> Path:
    return program("/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server")


def chromium() -> Path:
    return program("/usr/bin/chromium", "chromium")


def program(pattern: str, package: str) -> Path:
    """The newest file of this pattern, its package installed first when it is not there."""
    if not found(pattern):
        install(package)
    if not (files := found(pattern)):
        raise Unavailable(f"{package} is installed, yet there is no {pattern}")
    return files[-1]


def found(pattern: str) -> list[Path]:
    return sorted(Path("/").glob(pattern.lstrip("/")), key=lambda path: (len(str(path)), str(path)))


def install(package: str) -> None:
    if os.getuid() != 0 or shutil.which("apt-get") is None:
        raise Unavailable(f"{package} is not installed, and only root of a Debian system can install it: apt-get install {package}")
    with services_stay_down():
        apt("update", "-q")
        apt("install", "-q", "-y", "--no-install-recommends", package)


def apt(*words: str) -> None:
    command = ["apt-get", "-o", "DPkg::Lock::Timeout=300", *words]
    done = subprocess.run(command, env=ENV, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"{' '.join(command)} failed: {(done.stderr or done.stdout)[-1000:]}")


@contextmanager
def services_stay_down() -> Iterator[None]:
    """A package starts its service on installation unless policy-rc.d exits with 101. An existing policy is left unchanged."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
