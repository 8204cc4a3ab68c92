"""What the HTTP server costs: small answers and idle followers, of the gateway and of two servers that do nothing else.

A follower stays connected and hears nothing but signs of life. What it costs is memory, and the time of others: the same requests are
measured before and while the followers are there.
"""

import http.client
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import psutil

from tests.bench.commands_bench import CALLERS, Side, answered, identify, rate
from tests.bench.measuring import Pace
from tests.forks import ROOT
from tests.processes import eventually, free_port, in_one_process

SERVERS = ("eventlet", "uvicorn")
GATEWAY = "gateway"
ENDLESS = "1000000"  # commands that a follower waits for


@dataclass(frozen=True)
class Server:
    port: int
    process: psutil.Process
    token: str = "none"

    def memory(self) -> float:
        """In kilobytes."""
        return float(self.process.memory_info().rss / 1024)


def get(path: str, connection: http.client.HTTPConnection) -> None:
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    answer.read()


@contextmanager
def bare(name: str) -> Iterator[Server]:
    port = free_port()
    child = subprocess.Popen([sys.executable, "-m", "tests.bench.bare_servers", name, str(port)], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: httpx.get(f"http://127.0.0.1:{port}/").is_success, name)
        yield Server(port, psutil.Process(child.pid))
    finally:
        child.kill()  # a server that is asked to stop may wait for its followers
        child.wait(20)


@contextmanager
def gateway() -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder, in_one_process(Path(folder), {"PARCOURS_RATE_LIMIT": "off"}) as product:
        child = product.processes["serve"].child
        assert child is not None
        yield Server(product.port, psutil.Process(child.pid), product.token("coordinator"))


@contextmanager
def followed(server: Server, followers: int) -> Iterator[None]:
    words = [sys.executable, "-m", "tests.bench.followers", str(server.port), server.token, str(followers), ENDLESS]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        try:
            yield
        finally:
            child.kill()


def small_answers(servers: dict[str, Server], pace: Pace) -> None:
    for callers in CALLERS:
        sides: dict[str, Side] = {
            name: (server.port, partial(get, "/healthz" if name == GATEWAY else "/")) for name, server in servers.items()
        }
        rounds = [{name: rate(pace.requests_s, callers, side) for name, side in sides.items()} for _ in range(pace.requests_rounds)]
        line = f"small answers, {callers:2} callers    {statistics.median(each[GATEWAY] for each in rounds):7,.0f}/s"
        for name in SERVERS:
            ratio = statistics.median(each[GATEWAY] / each[name] for each in rounds)
            line += f"   bare {name} {statistics.median(each[name] for each in rounds):7,.0f}/s, ratio {ratio:.2f}"
        print(line, flush=True)


def idle_followers(name: str, server: Server, pace: Pace) -> None:
    asked: dict[str, Side] = {"small answer": (server.port, partial(get, "/healthz" if name == GATEWAY else "/"))}
    if name == GATEWAY:
        asked["command"] = server.port, identify(server.token)
    quiet = {what: statistics.median(answered(side, pace.heard)) for what, side in asked.items()}
    before = server.memory()
    with followed(server, pace.idle):
        each = (server.memory() - before) / pace.idle
        held = {what: statistics.median(answered(side, pace.heard)) for what, side in asked.items()}
    ratios = ", ".join(f"{what} {held[what] / quiet[what]:.2f} times as long" for what in held)
    print(f"{pace.idle:6,} idle followers, {name:8}   {each:5.0f} KB each   {ratios}", flush=True)


def main(pace: Pace) -> None:
    with ExitStack() as opened:
        servers = {GATEWAY: opened.enter_context(gateway())} | {name: opened.enter_context(bare(name)) for name in SERVERS}
        small_answers(servers, pace)
        for name, server in servers.items():
            idle_followers(name, server, pace)
