"""Commands through HTTP, RabbitMQ and PostgreSQL, beside a bare nameko echo, and beside FastAPI and psycopg that insert a row.

Also the delay until followers of the feed hear a command, and until the committee's page counts it.
"""

import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import httpx

from tests.bench.bulk import in_turns, lines_a_second, to_one_service
from tests.bench.measuring import Pace
from tests.forks import ROOT
from tests.processes import Product, eventually, free_port, running, this_quarter

CALLERS = (1, 16, 64)

Send = Callable[[http.client.HTTPConnection], None]
Side = tuple[int, Send]  # a port, and a request to it


def rate(seconds: float, callers: int, side: Side) -> float:
    """Return answers a second, of `callers` open connections."""
    port, send = side
    end = time.perf_counter() + seconds

    def call(_: int) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        done = 0
        while time.perf_counter() < end:
            send(connection)
            done += 1
        connection.close()
        return done

    with ThreadPoolExecutor(callers) as pool:
        return sum(pool.map(call, range(callers))) / seconds


def ask(connection: http.client.HTTPConnection, path: str, body: object, headers: dict[str, str], expected: int) -> None:
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    told = answer.read()
    assert answer.status == expected, told


def identify(token: str) -> Send:
    def send(connection: http.client.HTTPConnection) -> None:
        data = {"person": str(uuid4()), "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
        ask(connection, "/v1/commands/IdentifyPerson", {"territory": "alencon", "data": data}, headers, 201)

    return send


def echo(connection: http.client.HTTPConnection) -> None:
    ask(connection, "/echo", {"text": str(uuid4())}, {}, 200)


def insert(connection: http.client.HTTPConnection) -> None:
    ask(connection, "/insert", {"id": str(uuid4()), "text": "RUE, Marché, NON_INSCRIT"}, {}, 201)


@contextmanager
def served(modules: Sequence[Sequence[str]], port: int, path: str, body: object) -> Iterator[int]:
    """Modules as processes, once a request is answered."""
    children = [subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, stderr=subprocess.DEVNULL) for words in modules]
    try:
        eventually(lambda: httpx.post(f"http://127.0.0.1:{port}{path}", json=body).is_success, path)
        yield port
    finally:
        for child in children:
            child.terminate()
            child.wait(20)


@contextmanager
def references(uri: str, dsn: str) -> Iterator[dict[str, Side]]:
    echoes, inserts = free_port(), free_port()
    echo_words = ("tests.bench.echo", uri, str(echoes))
    insert_words = ("tests.bench.fastapi_insert", dsn, str(inserts))
    with (
        served([(*echo_words, "service"), (*echo_words, "gateway")], echoes, "/echo", {"text": "x"}),
        served([insert_words], inserts, "/insert", {"id": str(uuid4()), "text": "x"}),
    ):
        yield {"bare echo": (echoes, echo), "FastAPI insert": (inserts, insert)}


def compare(work: str, ours: Callable[[], float], floors: Mapping[str, Callable[[], float]], pace: Pace) -> None:
    """All in turns, so that a slower machine slows all down."""
    rounds = [(ours(), {name: measure() for name, measure in floors.items()}) for _ in range(pace.requests_rounds)]
    line = f"{work:32} {statistics.median(mine for mine, _ in rounds):7,.0f}/s"
    for name in floors:
        ratio = statistics.median(mine / others[name] for mine, others in rounds)
        line += f"   {name} {statistics.median(others[name] for _, others in rounds):7,.0f}/s, ratio {ratio:.2f}"
    print(line, flush=True)


def commands(product: Product, floors: dict[str, Side], pace: Pace) -> None:
    ours: Side = product.port, identify(product.token("coach"))
    for callers in CALLERS:
        measure = partial(rate, pace.requests_s, callers)
        named = {name: partial(measure, side) for name, side in floors.items()}
        compare(f"commands, {callers} callers", partial(measure, ours), named, pace)


def lines(product: Product, floors: dict[str, Side], pace: Pace) -> None:
    """As many rows, inserted by 64 callers, are the reference: it has no form for many at once."""
    count = pace.bulk // 4
    insert_rate = partial(rate, pace.requests_s, CALLERS[-1], floors["FastAPI insert"])
    for work, commands_of in (("lines to one service", to_one_service), ("lines to two services in turns", in_turns)):
        compare(work, partial(sent, product, commands_of, count), {"FastAPI insert": insert_rate}, pace)


def sent(product: Product, commands_of: Callable[[int], list[dict[str, object]]], count: int) -> float:
    return lines_a_second(product, commands_of(count))


def spread(delays: Sequence[float]) -> str:
    """The median and the 99th percentile."""
    half, most = (sorted(delays)[int(len(delays) * part)] * 1000 for part in (0.5, 0.99))
    return f"p50 {half:7.1f} ms, p99 {most:7.1f} ms"


def answered(product_side: Side, count: int) -> list[float]:
    """Seconds for each of `count` requests, one after the other."""
    port, send = product_side
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    delays = []
    for _ in range(count):
        start = time.perf_counter()
        send(connection)
        delays.append(time.perf_counter() - start)
    connection.close()
    return delays


def heard(product: Product, followers: int, floors: dict[str, Side], pace: Pace) -> None:
    """From the answer to a command until each of the followers has heard it, beside the round trip of the references."""
    words = [sys.executable, "-m", "tests.bench.followers", str(product.port), product.token("coordinator"), str(followers)]
    with subprocess.Popen([*words, str(pace.heard)], cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        accepted = {}
        for _ in range(pace.heard):
            id = str(uuid4())
            product.must("IdentifyPerson", {"person": str(uuid4()), "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}, id=id)
            accepted[id] = time.perf_counter()
            time.sleep(followers / 10_000)
        moments = json.loads(child.stdout.readline())
    delays = [max(0.0, moment - accepted[id]) for id, heard_at in moments.items() for moment in heard_at]
    assert len(delays) == followers * pace.heard
    print(f"accepted to heard, {followers:5} followers   {spread(delays)}   {round_trips(floors, pace)}", flush=True)


def page(product: Product, floors: dict[str, Side], pace: Pace) -> None:
    """From the answer to a command until the committee's page that counts it is read, beside the round trip of the references."""
    delays = []
    for _ in range(pace.heard):
        position = product.must("IdentifyPerson", {"person": str(uuid4()), "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"})[
            "position"
        ]
        start = time.perf_counter()
        told = product.get(f"/coter/alencon/{this_quarter()}", role="coordinator", position=position)
        assert told.status_code == 200, told.text
        delays.append(time.perf_counter() - start)
    print(f"accepted to page                     {spread(delays)}   {round_trips(floors, pace)}", flush=True)


def round_trips(floors: dict[str, Side], pace: Pace) -> str:
    return "   ".join(f"{name} {spread(answered(side, pace.heard))}" for name, side in floors.items())


def main(rabbitmq_uri: str, postgres_dsn: str, pace: Pace) -> None:
    env = {
        "PARCOURS_AMQP_URI": rabbitmq_uri,
        "PARCOURS_EVENT_STORE": postgres_dsn,
        "PARCOURS_READ_MODELS": postgres_dsn.replace("postgresql://", "postgresql+psycopg://"),
        "PARCOURS_RATE_LIMIT": "off",  # all callers are one client
    }
    with ExitStack() as opened:
        product = opened.enter_context(running(Path(opened.enter_context(tempfile.TemporaryDirectory())), env))
        floors = opened.enter_context(references(rabbitmq_uri, postgres_dsn))
        commands(product, floors, pace)
        lines(product, floors, pace)
        for followers in pace.followers:
            heard(product, followers, floors, pace)
        page(product, floors, pace)
