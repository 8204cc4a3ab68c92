"""An installation as an administrator makes it: a copy of the files, `docker compose`, and a person who enters with the link."""

import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.architecture.source import tracked
from tests.containers.engine import Engine
from tests.forks import WITH_ITS_PARENT
from tests.processes import eventually

ROOT = Path(__file__).parent.parent.parent
HERE = Path(__file__).parent
BUILT = ("deploy/", "services/", "shared/", "demo/", "requirements/", "docker-compose.yml")
PORTS = {"single": 8000, "cluster": 8443}
USER = (10001, 10001)  # of deploy/Dockerfile
SECONDS = 180.0  # within which something must have come; nothing is measured


def copy_files(folder: Path) -> None:
    for path in map(str, tracked()):
        if path.startswith(BUILT):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / path).read_bytes())
            target.chmod((ROOT / path).stat().st_mode)
    backups = folder / "backups"
    backups.mkdir(mode=0o700)
    os.chown(backups, *USER)


class Installation:
    def __init__(self, engine: Engine, folder: Path, profile: str) -> None:
        self.engine, self.folder, self.profile = engine, folder, profile
        self.port = PORTS[profile]
        self.site = f"{'https' if profile == 'cluster' else 'http'}://127.0.0.1:{self.port}"

    def compose(self, *words: str, version: str = "local", check: bool = True) -> str:
        command = ("docker", "compose", "--profile", self.profile, *words)
        return self.engine.run(*command, env={"INSTALL_VERSION": version}, check=check).stdout

    def up(self, version: str = "local") -> None:
        self.compose("up", "--build", "--wait", "--wait-timeout", "300", version=version)

    def operator(self, *words: str) -> str:
        """A command of whoever looks after the machine, in a container of its own, as docs/how-to/run-it.md writes it."""
        alone = ["--no-deps", "-v", "/project/backups:/backups", "parcours"] if self.profile == "single" else ["operator"]
        return self.compose("run", "--rm", "-T", *alone, *words, "--data", "/data")

    @property
    def key_encryption_key(self) -> str:
        return "/data/key_encryption_key" if self.profile == "single" else "/key-encryption-key/key"

    def in_shell(self, command: str) -> str:
        """In a container that has every key, as docs/how-to/run-it.md writes it."""
        name = "parcours" if self.profile == "single" else "operator"
        return self.compose("run", "--rm", "-T", "--no-deps", "--entrypoint", "sh", name, "-c", command)

    def lose_everything(self) -> None:
        self.compose("down", "--volumes", "--timeout", "20")

    def containers(self, *names: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.compose("ps", "--format", "json", *names).splitlines()]

    def identities(self) -> set[str]:
        return {each["ID"] for each in self.containers()}

    def process_of(self, container: str) -> int:
        """The process of a container, as this machine numbers it: the child of its process 1."""
        first = self.engine.inspect(container)["State"]["Pid"]
        return int(Path(f"/proc/{first}/task/{first}/children").read_text().split()[0])

    def kill(self, container: str) -> None:
        os.kill(self.process_of(container), signal.SIGKILL)

    def restarts(self, container: str) -> int:
        return int(self.engine.inspect(container)["RestartCount"])

    def healthy(self, container: str) -> bool:
        state = self.engine.inspect(container)["State"]
        return bool(state["Running"]) and state["Health"]["Status"] == "healthy"

    def link(self, *words: str) -> str:
        asked = ("setup", "--url", self.site, *words)
        if self.profile == "single":
            return self.compose("exec", "-T", "parcours", "parcours", *asked).strip()
        return self.operator(*asked).strip()

    @contextmanager
    def browser(self) -> Iterator[httpx.Client]:
        """A client outside of the engine's network; it trusts the certificate that was made."""
        socket = self.folder / f"{uuid4().hex[:8]}.socket"
        command = [*WITH_ITS_PARENT, "nsenter", "--net", "--target", str(self.engine.child.pid)]
        forward = [*command, sys.executable, str(HERE / "forward.py"), str(socket), str(self.port)]
        process = subprocess.Popen(forward)
        try:
            eventually(socket.exists, "the way into the network of the engine")
            verify = ssl.create_default_context(cafile=self.certificate) if self.profile == "cluster" else True
            transport = httpx.HTTPTransport(uds=str(socket), verify=verify, retries=3)
            with httpx.Client(base_url=self.site, transport=transport, timeout=30) as client:
                yield client
        finally:
            process.terminate()
            process.wait(10)

    @property
    def certificate(self) -> str:
        return str(self.folder / "deploy" / "secrets" / "tls.pem")


class Person:
    """Somebody in a browser, who came in by a link."""

    def __init__(self, client: httpx.Client, link: str) -> None:
        self.client = client
        page, _, secret = link.partition("#")
        self.origin = {"Origin": str(client.base_url).rstrip("/")}
        assert "Ouvrir la session" in client.get(page, headers={"Accept": "text/html"}).text
        answer = client.post(page, data={"secret": secret}, headers=self.origin)
        assert (answer.status_code, answer.headers.get("Location")) == (303, "/"), answer.text
        assert ("Secure" in answer.headers["Set-Cookie"]) == page.startswith("https")

    def sees(self, path: str) -> str:
        answer = self.client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[-500:]}"
        return answer.text

    def tell(self, command: str, data: Mapping[str, Any], id: str = "") -> httpx.Response:
        headers = {"Idempotency-Key": id or str(uuid4()), **self.origin}
        return self.client.post(f"/v1/commands/{command}", json={"territory": "flers", "data": dict(data)}, headers=headers)

    def meet(self) -> str:
        """Identify a person, as often as it takes while containers are replaced; the command has one id, so it is recorded once."""
        person, id = f"p-{uuid4().hex[:12]}", str(uuid4())
        data = {"person": person, "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT", "qpv": None}
        eventually(lambda: self.tell("IdentifyPerson", data, id).status_code in {200, 201}, f"{person} is recorded", SECONDS)
        return person

    def knows(self, person: str) -> bool:
        return self.client.get(f"/parcours/{person}", headers={"Accept": "text/html"}).status_code == 200

    def events(self) -> int:
        answer = self.client.get("/v1/events", params={"limit": 1000})
        assert answer.status_code == 200, answer.text
        return len(answer.json()["events"])


def check_restore(installation: Installation) -> None:
    """A backup while everything runs, the loss of everything, and an installation that goes on where the backup ends."""
    name = f"/backups/of-{installation.profile}"
    with installation.browser() as client:
        admin = Person(client, installation.link())
        people = [admin.meet() for _ in range(3)]
        eventually(lambda: all(admin.knows(person) for person in people), "their pages", SECONDS)
        installation.operator("backup", name)
        installation.operator("backup", "--verify", name)
        later = admin.meet()
    key = installation.in_shell(f"base64 -w 0 {installation.key_encryption_key}")
    installation.lose_everything()
    installation.in_shell(f"umask 077; echo {key} | base64 -d > {installation.key_encryption_key}")
    installation.operator("restore", name)
    installation.up()
    with installation.browser() as client:
        admin = Person(client, installation.link())
        assert all(admin.knows(person) for person in people)
        assert not admin.knows(later)
        again = admin.meet()
        eventually(lambda: admin.knows(again), "the page of somebody who is met now", SECONDS)
