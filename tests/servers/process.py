"""A server as a private process: started as an unprivileged user, stopped, killed, and never left behind."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil

# The kernel ends a server when the *thread* that started it ends, so one thread that lasts as long as the interpreter starts them all:
# a chaos test may restart a server from a thread of its own, and a killed test session leaves nothing behind.
STARTER = ThreadPoolExecutor(1, "servers")


class Unavailable(Exception):
    """This machine cannot provide the server in that way. The text gives the reason."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def as_user(user: str, end_with: str) -> list[str]:
    """The words that make a command run as `user` (when we are root) and get a signal if the test session dies."""
    if shutil.which("setpriv") is None:
        return []
    drop = [f"--reuid={user}", f"--regid={user}", "--init-groups", "--inh-caps=-all"] if os.getuid() == 0 else []
    return ["setpriv", *drop, f"--pdeathsig={end_with}"]


class Child:
    """One process and all that it started."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], log: Path, user: str, end_with: str = "TERM") -> None:
        self.log = log
        self.name = command[0]
        with log.open("ab") as out:
            self.process = STARTER.submit(
                subprocess.Popen,
                [*as_user(user, end_with), *command],
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **env},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd="/",
                start_new_session=True,  # a Ctrl-C on the terminal ends the tests first, and they end their servers
            ).result()

    def alive(self) -> bool:
        return self.process.poll() is None

    def wait_for(self, ready: Callable[[], bool], seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while not ready():
            if not self.alive() or time.monotonic() > until:
                self.kill()
                raise Unavailable(f"{self.name} did not get ready: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def end(self, number: int, seconds: float = 30) -> None:
        """Ask politely, then kill what remains."""
        family = self.family()
        if self.alive():
            self.process.send_signal(number)
        _, left = psutil.wait_procs(family, timeout=seconds)
        for one in left:
            one.kill()
        psutil.wait_procs(left, timeout=10)
        self.process.wait(10)

    def kill(self) -> None:
        """As a crash would: no goodbye. Its children go too, or they would hold the files of the next start."""
        family = self.family()
        for one in family:
            with suppress(psutil.NoSuchProcess):  # a child of one that was killed before may end by itself
                one.kill()
        psutil.wait_procs(family, timeout=10)
        self.process.wait(10)

    def family(self) -> list[psutil.Process]:
        try:
            parent = psutil.Process(self.process.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


class Folder:
    """A temporary folder that belongs to the server's user."""

    def __init__(self, name: str, user: str) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"parcours-{name}-"))
        self.path.chmod(0o700)
        if os.getuid() == 0:
            shutil.chown(self.path, user, user)

    def write(self, name: str, text: str) -> Path:
        path = self.path / name
        path.write_text(text)
        path.chmod(0o600)
        shutil.chown(path, self.path.stat().st_uid, self.path.stat().st_gid)
        return path

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
