"""The TypeScript client: compiled, and run by Node.js as other people's programs."""

import fcntl
import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from tests.architecture.source import ROOT
from tests.forks import WITH_ITS_PARENT
from tests.processes import Product

CLIENT = ROOT / "clients" / "typescript"
TOOLS = CLIENT / "node_modules" / ".bin"


def run(*words: str | Path, cwd: Path = CLIENT, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command that must succeed."""
    done = subprocess.run([*map(str, words)], cwd=cwd, env=env, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done


def build() -> None:
    """Compile the client and its test programs, strictly. The processes of the tests do so one after the other."""
    assert TOOLS.exists(), "the packages of clients/typescript are not installed: make client"
    with (CLIENT / "node_modules" / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run("npm", "run", "--silent", "build")
        run(TOOLS / "tsc", "--project", "tests")


def given(product: Product, **more: Any) -> str:
    """What a program is told: where the gateway is, and a token for each role."""
    organisations = {"prescriber": "ml-alencon", "partner": "ml-alencon"}
    roles = ("coach", "coordinator", "prescriber", "partner", "auditor", "committee")
    tokens = {role: product.token(role, organisations.get(role, "etape")) for role in roles}
    return json.dumps({"url": product.url, "tokens": tokens, **more})


def lines_of(program: str, asked: str) -> list[dict[str, Any]]:
    """What a program tells, line by line, until it ends by itself."""
    done = run("node", f"build/{program}.js", asked)
    return [json.loads(line) for line in done.stdout.splitlines()]


class Program:
    """A program that goes on: `told` grows while it runs."""

    def __init__(self, child: subprocess.Popen[bytes], errors: Path) -> None:
        self.child = child
        self.errors = errors
        self.told: list[dict[str, Any]] = []
        self.reader = Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self) -> None:
        assert self.child.stdout is not None
        for line in self.child.stdout:
            self.told.append(json.loads(line))

    def of(self, name: str) -> list[Any]:
        """The values of a member, of the lines that have it."""
        assert self.child.poll() in {None, 0}, self.errors.read_text()
        return [line[name] for line in list(self.told) if name in line]

    def kill(self) -> None:
        self.child.kill()
        self.child.wait(10)
        self.reader.join(10)


@contextmanager
def started(program: str, asked: str) -> Iterator[Program]:
    with tempfile.NamedTemporaryFile() as errors:
        child = subprocess.Popen(
            [*WITH_ITS_PARENT, "node", f"build/{program}.js", asked], cwd=CLIENT, stdout=subprocess.PIPE, stderr=errors.file
        )
        running = Program(child, Path(errors.name))
        try:
            yield running
        finally:
            running.kill()
