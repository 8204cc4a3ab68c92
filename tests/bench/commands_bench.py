"""Commands a second through HTTP and RabbitMQ, compared with a bare nameko echo; and the delay until a frontend sees them."""

import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import httpx

from tests.processes import ROOT, Product, eventually, free_port, running, this_quarter

ROUNDS = 3
MEASURED_S = 4.0

Send = Callable[[http.client.HTTPConnection], None]


def rate(port: int, callers: int, send: Send) -> float:
    """Return answers a second, of `callers` open connections during MEASURED_S."""
    end = time.perf_counter() + MEASURED_S

    def call(_: int) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        done = 0
        while time.perf_counter() < end:
            send(connection)
            done += 1
        connection.close()
        return done

    with ThreadPoolExecutor(callers) as pool:
        return sum(pool.map(call, range(callers))) / MEASURED_S


def read_answer(connection: http.client.HTTPConnection, expected: int) -> bytes:
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == expected, body
    return body


def identify(token: str) -> Send:
    def send(connection: http.client.HTTPConnection) -> None:
        data = {"person": str(uuid4()), "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4()), "Content-Type": "application/json"}
        connection.request("POST", "/v1/commands/IdentifyPerson", json.dumps({"territory": "alencon", "data": data}), headers)
        read_answer(connection, 201)

    return send


def echo(connection: http.client.HTTPConnection) -> None:
    connection.request("POST", "/echo", json.dumps({"text": str(uuid4())}))
    read_answer(connection, 200)


@contextmanager
def running_echo(uri: str) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.echo", uri, str(port)]
    children = [subprocess.Popen([*command, which], cwd=ROOT, stderr=subprocess.DEVNULL) for which in ("service", "gateway")]
    try:
        eventually(lambda: httpx.post(f"http://127.0.0.1:{port}/echo", content="x").status_code == 200, "the echo")
        yield port
    finally:
        for child in children:
            child.terminate()
            child.wait(20)


def compare(product: Product, echo_port: int, callers: int) -> None:
    """Measure both in turns, so that a slower machine slows both down."""
    send = identify(product.token("coach"))
    pairs = [(rate(product.port, callers, send), rate(echo_port, callers, echo)) for _ in range(ROUNDS)]
    ours, floor = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"commands, {callers:2} callers: {ours:7.0f}/s   bare echo {floor:7.0f}/s   ratio {ratio:.2f}")


def latency(product: Product, count: int = 100) -> None:
    """Measure the delay from the answer of a command to its event on the live feed, and to the figure on the committee's page."""
    seen: dict[str, float] = {}
    token = product.token("coordinator")

    def listen() -> None:
        headers = {"Authorization": f"Bearer {token}"}
        # The feed breaks when the product stops, after the results are printed.
        with suppress(httpx.HTTPError), httpx.stream("GET", f"{product.url}/v1/stream", headers=headers, timeout=60) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    seen[json.loads(line[5:])["commandid"]] = time.perf_counter()

    threading.Thread(target=listen, daemon=True).start()
    time.sleep(1)
    accepted, pages = {}, []
    for _ in range(count):
        id = str(uuid4())
        data = {"person": str(uuid4()), "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}
        answer = product.must("IdentifyPerson", data, id=id)
        accepted[id] = time.perf_counter()
        position = answer.get("accepted", answer)["position"]
        page = product.get(f"/coter/alencon/{this_quarter()}", role="coordinator", position=position)
        assert page.status_code == 200, page.text
        pages.append(time.perf_counter() - accepted[id])
    eventually(lambda: len(seen.keys() & accepted.keys()) == count, "every event on the feed")
    delays = [max(0.0, seen[id] - accepted[id]) for id in accepted]
    feed, shown = statistics.median(delays) * 1000, statistics.median(pages) * 1000
    print(f"accepted to feed: median {feed:.1f} ms   accepted to page: median {shown:.1f} ms")


def main(rabbitmq_uri: str, postgres_dsn: str) -> None:
    env = {
        "PARCOURS_AMQP_URI": rabbitmq_uri,
        "PARCOURS_EVENT_STORE": postgres_dsn,
        "PARCOURS_READ_MODELS": postgres_dsn.replace("postgresql://", "postgresql+psycopg://"),
    }
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), env) as product, running_echo(rabbitmq_uri) as port:
        for callers in (1, 16):
            compare(product, port, callers)
        latency(product)
