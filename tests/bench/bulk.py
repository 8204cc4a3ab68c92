"""Many commands at once: lines over HTTP to the product in one process, and `parcours load` with its policies, beside bare batch appends.

The floor of each round is the log alone: as many events as the product recorded, appended in batches of the same size by one thread.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from uuid import uuid4

import httpx
import msgspec

from demo import generator
from services.bootstrap.composition import Components
from services.bootstrap.settings import read_settings
from services.cli.commands import importer
from shared.store.port import Append
from tests.bench.measuring import Pace
from tests.contract.store.writing import event, open_store
from tests.processes import Product, in_one_process

ROUNDS = 3
BATCH = 256
START, END = date(2023, 1, 1), date(2024, 6, 30)


def identified(person: str) -> dict[str, object]:
    data = {"person": person, "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}
    return {"id": str(uuid4()), "type": "IdentifyPerson", "territory": "alencon", "data": data}


def opened(person: str) -> dict[str, object]:
    return {"id": str(uuid4()), "type": "OpenJourney", "territory": "alencon", "data": {"person": person, "referent": "coach-1"}}


def to_one_service(count: int) -> list[dict[str, object]]:
    return [identified(str(uuid4())) for _ in range(count)]


def in_turns(count: int) -> list[dict[str, object]]:
    return [command(person) for person in (str(uuid4()) for _ in range(count // 2)) for command in (identified, opened)]


def lines_a_second(product: Product, commands: list[dict[str, object]]) -> float:
    """Every line is answered, and accepted."""
    body = "\n".join(map(json.dumps, commands))
    headers = {"Authorization": f"Bearer {product.token('coach')}", "Content-Type": "application/x-ndjson"}
    start = time.perf_counter()
    answer = httpx.post(f"{product.url}/v1/commands", content=body, headers=headers, timeout=600)
    seconds = time.perf_counter() - start
    replies = [json.loads(line) for line in answer.text.splitlines()]
    assert [reply["line"] for reply in replies] == list(range(1, len(commands) + 1))
    assert all("accepted" in reply for reply in replies)
    return len(commands) / seconds


def loaded_a_second(persons: int) -> tuple[float, int]:
    """Events a second of an import with its policies, and how many events there were."""
    lines = [msgspec.json.encode(line) for line in generator.generate(persons, 1, START, END)]
    with tempfile.TemporaryDirectory() as folder:
        components = Components(read_settings(Path(folder), environ={}))
        with closing(components.store) as store:
            imported = importer(components)
            start = time.perf_counter()
            assert not [outcome for outcome in imported.load(lines) if outcome.fault and not outcome.by_policy]
            return store.head() / (time.perf_counter() - start), store.head()


def floor(events: int) -> float:
    """Events a second of the log alone, in batches: each an event of another stream."""
    with tempfile.TemporaryDirectory() as folder, closing(open_store(f"{folder}/log.sqlite")) as store:
        batches = [[Append(name, 0, [event(name)]) for name in (str(uuid4()) for _ in range(BATCH))] for _ in range(-(-events // BATCH))]
        start = time.perf_counter()
        for batch in batches:
            store.append_many(batch)
        return len(batches) * BATCH / (time.perf_counter() - start)


def compare(work: str, unit: str, measure: Callable[[], float], events: int) -> None:
    """Both in turns, so that a slower machine slows both down."""
    pairs = [(measure(), floor(events)) for _ in range(ROUNDS)]
    ours, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"{work:32} {ours:8,.0f} {unit}/s   bare batch append {bare:8,.0f} events/s   ratio {ratio:.3f}", flush=True)


def main(pace: Pace) -> None:
    count = pace.bulk
    with tempfile.TemporaryDirectory() as folder, in_one_process(Path(folder)) as product:
        lines_a_second(product, in_turns(64))
        compare("lines to one service", "lines", lambda: lines_a_second(product, to_one_service(count)), count)
        compare("lines to two services in turns", "lines", lambda: lines_a_second(product, in_turns(count)), count)
    events = loaded_a_second(count // 50)[1]
    compare("load, with its policies", "events", lambda: loaded_a_second(count // 50)[0], events)
