"""The product with two processes of every service, and two gateways."""

import json
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx
import psutil

from services.bootstrap.names import GATEWAY, PROCESSES
from tests.clusters.network import Host
from tests.containers.debian import done
from tests.processes import Process, Product, free_port

INSTANCES = ("1", "2")
LOG_IN = "import json, sys, httpx; print(httpx.post(sys.argv[1], json=json.loads(sys.argv[2])).raise_for_status().text)"


class Pairs(Product):
    """`url` is that of the first gateway; `urls` are both. With two `hosts`, one of each pair is on each of them."""

    def __init__(self, folder: Path, env: Mapping[str, str], hosts: Sequence[Host] = ()) -> None:
        super().__init__(folder, env)
        self.hosts = dict(zip(INSTANCES, hosts, strict=False))
        ports = {"1": self.port, "2": free_port()}
        self.urls = [f"http://{self.address(number)}:{port}" for number, port in ports.items()]
        self.url, self.client = self.urls[0], httpx.Client(base_url=self.urls[0], timeout=30)
        self.processes = {
            f"{service}-{number}": self.process(service, number, ports[number]) for service in PROCESSES for number in INSTANCES
        }

    def address(self, number: str) -> str:
        return self.hosts[number].side_door() if self.hosts else "127.0.0.1"

    def process(self, service: str, number: str, port: int) -> Process:
        words = ("service", service, "--data", str(self.folder), "--port", str(port))
        log = self.folder / f"{service}-{number}.log"
        if not self.hosts:
            return Process(*words, env=self.env, log=log)
        process = Process(*words, "--host", "0.0.0.0", env=self.env, log=log)
        process.command = ["ip", "netns", "exec", self.hosts[number].namespace, *process.command]
        return process

    def token(self, role: str, organisation: str = "etape", territories: tuple[str, ...] = ("*",)) -> str:
        """The development login is for whoever is on the host of the gateway."""
        if not self.hosts:
            return super().token(role, organisation, territories)
        asked = {"actor": f"{role}-1", "role": role, "organisation": organisation, "territories": list(territories)}
        words = [sys.executable, "-c", LOG_IN, f"http://127.0.0.1:{self.port}/v1/session", json.dumps(asked)]
        token: str = json.loads(done(["ip", "netns", "exec", self.hosts["1"].namespace, *words]))["token"]
        return token

    def pair(self, service: str) -> list[Process]:
        return [self.processes[f"{service}-{number}"] for number in INSTANCES]

    def all_ready(self) -> bool:
        return all(httpx.get(f"{url}/readyz", timeout=10).status_code == 200 for url in self.urls)


def family(process: Process) -> list[psutil.Process]:
    assert process.child is not None
    one = psutil.Process(process.child.pid)
    return [one, *one.children(recursive=True)]


def freeze(process: Process) -> Callable[[], None]:
    """Stop a process as it is; returns what lets it go on."""
    frozen = family(process)
    for one in frozen:
        one.send_signal(signal.SIGSTOP)

    def thaw() -> None:
        for one in frozen:
            one.send_signal(signal.SIGCONT)

    return thaw


__all__ = ["GATEWAY", "Pairs", "freeze"]
