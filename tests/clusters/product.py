"""The product with two processes of every service, and two gateways."""

import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil

from services.bootstrap.names import GATEWAY, PROCESSES
from tests.processes import Process, Product, free_port

INSTANCES = ("1", "2")


class Pairs(Product):
    """`url` is that of the first gateway; `urls` are both."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        super().__init__(folder, env)
        ports = {"1": self.port, "2": free_port()}
        self.urls = [f"http://127.0.0.1:{port}" for port in ports.values()]
        self.processes = {
            f"{service}-{number}": self.process(service, number, ports[number]) for service in PROCESSES for number in INSTANCES
        }

    def process(self, service: str, number: str, port: int) -> Process:
        words = ("service", service, "--data", str(self.folder), "--port", str(port))
        return Process(*words, env=self.env, log=self.folder / f"{service}-{number}.log")

    def pair(self, service: str) -> list[Process]:
        return [self.processes[f"{service}-{number}"] for number in INSTANCES]

    def all_ready(self) -> bool:
        return all(httpx.get(f"{url}/readyz", timeout=10).status_code == 200 for url in self.urls)

    def states(self) -> list[Any]:
        return [httpx.get(f"{url}/readyz", timeout=10).text for url in self.urls]


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
