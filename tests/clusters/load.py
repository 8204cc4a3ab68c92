"""Commands at a bounded rate, through both gateways, and a record of those that were accepted."""

import threading
import time
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import Any
from uuid import uuid4

import httpx

from tests.clusters.product import Pairs

CALLERS = 3
PAUSE_S = 0.15  # of a caller, after each command
GIVE_UP_S = 10.0  # for an answer: the gateway promises one in less
ORIENTATION_INTERVAL = 3  # one person in so many is oriented and accepted: the consequences go through the inbox of each service


class Load:
    """Each caller repeats a command, with its id, until it is accepted, and asks the other gateway after each failure.

    `accepted` are the ids of the commands, by their kind; `answers` how often each status came (0: none).
    """

    def __init__(self, product: Pairs) -> None:
        self.product = product
        self.accepted: dict[str, list[str]] = {"IdentifyPerson": [], "ReceiveOrientation": [], "AcceptOrientation": []}
        self.accepted_at: list[float] = []
        self.position = 0  # of the last one
        self.answers = Counter[int]()
        self.longest_answer = 0.0
        self.stopping = threading.Event()
        self.tokens = {role: product.token(role, organisation) for role, organisation in (("coach", "etape"), ("prescriber", "ccas"))}
        self.threads = [threading.Thread(target=self.work, args=[number]) for number in range(CALLERS)]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)

    @property
    def count(self) -> int:
        return len(self.accepted_at)

    def longest_silence(self) -> float:
        """The longest time between two commands that were accepted, whoever sent them."""
        times = sorted(self.accepted_at)
        return max((after - before for before, after in pairwise(times)), default=0.0)

    def work(self, number: int) -> None:
        caller = Caller(self, number)
        with httpx.Client(timeout=GIVE_UP_S) as client:
            caller.client = client
            turn = 0
            while not self.stopping.is_set():
                turn += 1
                caller.one_person(oriented=turn % ORIENTATION_INTERVAL == 0)


class Caller:
    client: httpx.Client

    def __init__(self, load: Load, gateway: int) -> None:
        self.load = load
        self.gateway = gateway

    def one_person(self, *, oriented: bool) -> None:
        person, orientation = str(uuid4()), str(uuid4())
        met = {"person": person, "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}
        if not self.send("IdentifyPerson", met) or not oriented:
            return
        sent = {"orientation": orientation, "person": person, "kind": "CCAS", "needs": [], "urgency": False, "consent": True}
        if self.send("ReceiveOrientation", sent, "prescriber"):
            self.send("AcceptOrientation", {"orientation": orientation, "referent": "coach-1"})

    def send(self, command: str, data: Mapping[str, Any], role: str = "coach") -> bool:
        id, load = str(uuid4()), self.load
        headers = {"Authorization": f"Bearer {load.tokens[role]}", "Idempotency-Key": id}
        while not load.stopping.is_set():
            status, position = self.post(command, data, headers)
            load.answers[status] += 1
            if status in {200, 201}:
                load.accepted[command].append(id)
                load.position = max(load.position, position)
                load.accepted_at.append(time.monotonic())
                load.stopping.wait(PAUSE_S)
                return True
            self.gateway += 1
            load.stopping.wait(PAUSE_S)
        return False  # the outcome is unknown: recorded once or not at all

    def post(self, command: str, data: Mapping[str, Any], headers: Mapping[str, str]) -> tuple[int, int]:
        """The status, and the position of what was recorded; 0 for none."""
        urls, began = self.load.product.urls, time.monotonic()
        url = f"{urls[self.gateway % len(urls)]}/v1/commands/{command}"
        try:
            answer = self.client.post(url, json={"territory": "alencon", "data": data}, headers=headers)
            return answer.status_code, int(answer.headers.get("Parcours-Position", 0))
        except httpx.HTTPError:
            return 0, 0
        finally:
            self.load.longest_answer = max(self.load.longest_answer, time.monotonic() - began)
