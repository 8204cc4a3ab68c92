"""The product as it is run: real processes on real ports, watched, killed and started again by tests."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import httpx
import psycopg

from services.bootstrap.names import PROCESSES
from services.reporting.projection.generations import file_of_address, own, sqlite_address
from services.vocabulary.calendar import local_date, quarter_of
from shared.address import Address
from shared.time import now
from tests.forks import ROOT, WITH_ITS_PARENT, Death, Fork

COMMAND = (*WITH_ITS_PARENT, sys.executable, "-m", "services.cli.main")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(check: Callable[[], Any], what: str = "what was waited for", seconds: float = 120) -> Any:
    """The first truthy answer of `check`. When time runs out, the last failure is reported."""
    until, last = time.monotonic() + seconds, "nothing"
    while time.monotonic() < until:
        try:
            if answer := check():
                return answer
            last = f"{answer!r}"
        except (httpx.HTTPError, AssertionError, KeyError) as fault:
            last = repr(fault)
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {seconds} s; last: {last}")


def is_well(client: httpx.Client) -> bool:
    """Whether the gateway is ready, every service answers with its inbox caught up, and no event waits for the relay."""
    answer = client.get("/readyz")
    return bool(answer.is_success and answer.json()["well"])


def read_models_file(folder: Path) -> Path:
    """The file of the read models of this checkout, where they are files."""
    return file_of_address(sqlite_address(Address(f"sqlite:///{folder}/read_models.sqlite"), own()))


def this_quarter() -> str:
    """That of a fact that is recorded now."""
    return quarter_of(local_date(now()))


class Process:
    """One `parcours` command, with its output in a file. It is forked, unless it is to import the product itself."""

    def __init__(
        self, *words: str, env: Mapping[str, str], log: Path, root: Path = ROOT, imports: bool = False, death: Death | None = None
    ) -> None:
        self.words = words
        self.root = root  # of the code that runs
        self.imports = imports or root != ROOT or not all(name.startswith("PARCOURS_") for name in env)
        self.death = death  # of a fork
        self.command: Sequence[str] = COMMAND
        self.env = env
        self.log = log
        self.child: subprocess.Popen[bytes] | Fork | None = None

    def start(self) -> None:
        env = {**os.environ, **self.env}
        if self.command is COMMAND and not self.imports:
            self.child = Fork(self.words, env, self.log, self.death)
            return
        with self.log.open("ab") as out:
            self.child = subprocess.Popen([*self.command, *self.words], cwd=self.root, env=env, stdout=out, stderr=out)

    def alive(self) -> bool:
        return self.child is not None and self.child.poll() is None

    def end(self, number: int = signal.SIGTERM) -> None:
        if self.child is not None and self.child.poll() is None:
            self.child.send_signal(number)
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait(10)

    def kill(self) -> None:
        self.end(signal.SIGKILL)


def person_keys(folder: Path, env: Mapping[str, str]) -> dict[str, str]:
    """Where the keys of persons are: in a database of their own on the server of the log, or in a file beside the log."""
    key, log = {"PARCOURS_KEY_ENCRYPTION_KEY": str(folder / "key_encryption_key")}, env.get("PARCOURS_EVENT_STORE", "")
    if "PARCOURS_PERSON_KEYS" in env:
        return key
    if not log.startswith("postgres"):
        return {**key, "PARCOURS_PERSON_KEYS": f"sqlite:///{folder}/person_keys.sqlite"}
    url = urlsplit(log)
    name = f"{url.path.removeprefix('/')}_person_keys"
    with psycopg.connect(log, autocommit=True) as session, suppress(psycopg.errors.DuplicateDatabase):
        session.execute(f'create database "{name}"'.encode())
    return {**key, "PARCOURS_PERSON_KEYS": urlunsplit(url._replace(path=f"/{name}"))}


class Product:
    """All services as processes, on one broker and one database."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {"PARCOURS_KEYS": str(folder / "keys"), "PARCOURS_DEVELOPMENT_LOGIN": "1", **person_keys(folder, env), **env}
        words = {service: ("service", service, "--data", str(folder), "--port", str(self.port)) for service in PROCESSES}
        self.processes = {service: Process(*words[service], env=self.env, log=folder / f"{service}.log") for service in PROCESSES}
        self.folder = folder
        self.client = httpx.Client(base_url=self.url, timeout=30)
        self.tokens: dict[tuple[str, ...], str] = {}

    def start(self) -> None:
        for process in self.processes.values():
            process.start()
        self.ready()

    def ready(self, seconds: float = 180) -> None:
        """Wait until all is well, not only this gateway."""
        eventually(lambda: is_well(self.client), "that all is well", seconds)

    def stop(self) -> None:
        self.client.close()
        for process in self.processes.values():  # all are told before one is waited for
            if process.child is not None and process.alive():
                process.child.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            process.end()

    def token(self, role: str, organisation: str = "etape", territories: tuple[str, ...] = ("*",)) -> str:
        key = (role, organisation, *territories)
        if key not in self.tokens:
            asked = {"actor": f"{role}-1", "role": role, "organisation": organisation, "territories": list(territories)}
            answer = self.client.post("/v1/session", json=asked)
            assert answer.status_code in {200, 201}, answer.text
            self.tokens[key] = answer.json()["token"]
        return self.tokens[key]

    def send(
        self, command: str, data: Mapping[str, Any], *, role: str = "coach", organisation: str = "etape", **more: Any
    ) -> httpx.Response:
        """Post one command. `more`: id, time, territory."""
        body = {"territory": more.get("territory", "alencon"), "data": dict(data)} | ({"time": more["time"]} if "time" in more else {})
        headers = {"Authorization": f"Bearer {self.token(role, organisation)}", "Idempotency-Key": more.get("id") or str(uuid4())}
        return self.client.post(f"/v1/commands/{command}", json=body, headers=headers)

    def must(self, command: str, data: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        answer = self.send(command, data, **more)
        assert answer.status_code in {200, 201}, f"{command}: {answer.status_code} {answer.text}"
        return dict(answer.json())

    def get(self, path: str, *, role: str = "auditor", **params: Any) -> httpx.Response:
        return self.client.get(path, params=params, headers={"Authorization": f"Bearer {self.token(role)}"})

    def tool(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "services.cli.main", *words, "--data", str(self.folder)]
        return subprocess.run(command, cwd=ROOT, env={**os.environ, **self.env}, capture_output=True, text=True, timeout=120, check=False)


@contextmanager
def running(folder: Path, env: Mapping[str, str]) -> Iterator[Product]:
    product = Product(folder, env)
    try:
        product.start()
        yield product
    finally:
        product.stop()


@contextmanager
def in_one_process(folder: Path, env: Mapping[str, str] | None = None) -> Iterator[Product]:
    """`parcours serve`, on the embedded parts."""
    product = Product(folder, env or {})
    words = ("serve", "--data", str(folder), "--port", str(product.port))
    product.processes = {"serve": Process(*words, env=product.env, log=folder / "serve.log")}
    try:
        product.start()
        yield product
    finally:
        product.stop()
