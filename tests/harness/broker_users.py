"""A virtual host of RabbitMQ with the users of deploy/broker_users.py, as definitions import them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import uuid4

from services.bootstrap.names import PROCESSES
from shared.bus.names import Names
from tests.forks import ROOT
from tests.servers import GivenRabbitmq


class Users:
    """`uri` is the address of an administrator. Users are those of the whole broker: their names begin with an environment of their own."""

    def __init__(self, uri: str, folder: Path) -> None:
        self.uri = uri
        self.folder = folder
        self.names = Names(f"e{uuid4().hex[:12]}")
        self.definitions = self.make()

    def make(self) -> str:
        vhost = urlsplit(self.uri).path.lstrip("/")
        words = ["--secrets", str(self.folder), "--environment", self.names.environment, "--vhost", vhost]
        command = [sys.executable, "-m", "deploy.broker_users", *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout

    def of(self, process: str) -> str:
        """The address with which a process comes."""
        place = urlsplit(self.uri)
        password = (self.folder / process).read_text()
        return urlunsplit(place._replace(netloc=f"{self.names.user(process)}:{password}@{place.hostname}:{place.port}"))


@contextmanager
def users(server: GivenRabbitmq, folder: Path) -> Iterator[Users]:
    folder.mkdir(exist_ok=True)
    with server.vhost() as uri:
        made = Users(uri, folder)
        server.api.post("/definitions", json=json.loads(made.definitions)).raise_for_status()
        try:
            yield made
        finally:
            if server.answers():
                for process in PROCESSES:
                    server.api.delete(f"/users/{quote(made.names.user(process))}").raise_for_status()
