"""A container engine of the tests' own: Debian's, in a namespace for its mounts and one for its network, with the images it is given.

No registry is asked: the images that the files of `deploy` name are made here from Debian's packages, under those names. So the tests
show that the files work together, with servers of nearly the same versions, and nothing of the makers' images.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.containers.debian import CACHE, done, kept, locked, system
from tests.forks import WITH_ITS_PARENT
from tests.processes import eventually
from tests.servers.process import Unavailable

HERE = Path(__file__).parent
PACKAGES = ("docker.io", "docker-cli", "docker-buildx", "docker-compose", "iptables", "iproute2")
ANSWER_S = 900  # the longest: building an image


class Engine:
    """`project` is a folder that the engine sees at /project, where its commands run."""

    def __init__(self, project: Path, log: Path) -> None:
        if os.getuid() != 0:
            raise Unavailable("only root makes the namespaces of a container engine")
        self.root = system("engine", "trixie", PACKAGES)
        shutil.rmtree(self.root / "var" / "lib" / "docker", ignore_errors=True)
        self.log = log
        with log.open("ab") as out:
            command = ["unshare", "--mount", "--net", "--propagation", "private", *WITH_ITS_PARENT, HERE / "engine.sh", self.root, project]
            self.child = subprocess.Popen([str(word) for word in command], stdout=out, stderr=out, start_new_session=True)
        eventually(self.answers, f"the engine, see {log}")

    def answers(self) -> bool:
        if self.child.poll() is not None:
            raise Unavailable(f"the engine ended: {self.log.read_text()[-2000:]}")
        return self.run("docker", "version", check=False).returncode == 0

    def inside(self, *words: str) -> list[str]:
        """A command that runs in the namespaces of the engine, at /project."""
        at = ["nsenter", "--mount", "--net", "--target", str(self.child.pid), "--wd=/"]
        return [*at, "sh", "-c", 'cd /project && exec "$@"', "sh", *words]

    def run(self, *words: str, env: Mapping[str, str] | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = self.inside(*words)
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", **(env or {})}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, cwd="/", stdin=subprocess.DEVNULL, timeout=ANSWER_S
        )
        assert not check or done.returncode == 0, f"{' '.join(words)}: {done.stdout[-3000:]}{done.stderr[-6000:]}"
        return done

    def take(self, folder: Path, tag: str, *changes: str) -> None:
        """Make an image of a folder with a system in it."""
        options = [word for change in changes for word in ("--change", change)]
        with subprocess.Popen(["tar", "--create", "--directory", str(folder), "."], stdout=subprocess.PIPE) as packed:
            subprocess.run(
                self.inside("docker", "import", *options, "-", tag), stdin=packed.stdout, check=True, capture_output=True, cwd="/"
            )

    def inspect(self, name: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = json.loads(self.run("docker", "inspect", name).stdout)
        return found[0]

    def close(self) -> None:
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait(10)


def wheels(requirements: Path) -> Path:
    """The packages of the product, as the package manager of this machine finds them: an image is built without a network."""

    def download(folder: Path) -> None:
        words = ["--quiet", "--require-hashes", "--only-binary", ":all:", "--dest", str(folder), "--requirement", str(requirements)]
        done([sys.executable, "-m", "pip", "download", *words])

    name = "wheels"
    with locked(CACHE / "wheels.use"):
        stamp = CACHE / "wheels.made_from"
        if stamp.exists() and stamp.read_bytes() != requirements.read_bytes():
            shutil.rmtree(CACHE / name, ignore_errors=True)
        folder = kept(name, download)
        stamp.write_bytes(requirements.read_bytes())
    return folder
