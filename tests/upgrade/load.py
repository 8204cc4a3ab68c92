"""Readers and writers that do not stop during an upgrade, and what they were told."""

import itertools
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
from msgspec import Struct

from tests.processes import this_quarter

INTERVAL_S = 0.1
CHANNELS = ("RUE", "PARTENAIRE")


class Reading(Struct):
    """What a reader was answered. `waited_for` is the position that it named."""

    status: int
    position: int = 0
    value: int = 0
    waited_for: int = 0
    body: str = ""


class Balancer:
    """The gateways that are in use, as a proxy has them: a request that one of them did not take goes to the next."""

    def __init__(self, urls: list[str]) -> None:
        self.urls = urls

    def request(self, client: httpx.Client, method: str, path: str, **options: Any) -> httpx.Response:
        for url in itertools.islice(itertools.cycle(self.urls), 20):
            try:
                return client.request(method, url + path, **options)
            except (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError):
                time.sleep(INTERVAL_S)
        raise AssertionError("no gateway takes a request")


class Load:
    """`token` gives the token of a role."""

    def __init__(self, balancer: Balancer, token: Callable[[str], str]) -> None:
        self.balancer = balancer
        self.tokens = {role: token(role) for role in ("auditor", "coach")}
        self.readings: list[Reading] = []
        self.recorded: list[tuple[int, str, str]] = []  # position, id and channel of each accepted command
        self.sent: list[str] = []
        self.failures: list[Exception] = []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.guarded, args=(each,)) for each in (self.read, self.write)]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)

    def guarded(self, work: Callable[[httpx.Client], None]) -> None:
        try:
            with httpx.Client(timeout=30) as client:
                work(client)
        except Exception as failure:
            self.failures.append(failure)
            raise

    def read(self, client: httpx.Client) -> None:
        """Every second time, name the position of what was written last, as whoever wrote it does."""
        quarter, known, tag = this_quarter(), Reading(0), ""
        for number in itertools.count():
            if self.stopping.wait(INTERVAL_S):
                return
            named = self.recorded[-1][0] if self.recorded and number % 2 else 0
            headers = {"Authorization": f"Bearer {self.tokens['auditor']}", "If-None-Match": tag}
            headers |= {"Parcours-Position": str(named)} if named else {}
            answer = self.balancer.request(client, "GET", f"/v1/indicators?territory=alencon&quarter={quarter}", headers=headers)
            if answer.status_code == 200:
                body = answer.json()
                known, tag = Reading(200, body["position"], body["indicators"]["people_met"]["value"]), answer.headers["ETag"]
            if answer.status_code == 304:
                self.readings.append(Reading(304, known.position, known.value, named))
            else:
                self.readings.append(Reading(answer.status_code, known.position, known.value, named, answer.text))

    def write(self, client: httpx.Client) -> None:
        """One command after the other; one whose outcome is not known is sent again under its id."""
        for number in itertools.count():
            command, channel = str(uuid4()), CHANNELS[number % 2]
            self.sent.append(command)
            data = {"person": str(uuid4()), "channel": channel, "place": "Marché", "radar": "NON_INSCRIT"}
            while (position := self.accepted(client, command, data)) is None:
                time.sleep(INTERVAL_S)
            self.recorded.append((position, command, channel))
            if self.stopping.wait(INTERVAL_S):
                return

    def accepted(self, client: httpx.Client, command: str, data: dict[str, str]) -> int | None:
        headers = {"Authorization": f"Bearer {self.tokens['coach']}", "Idempotency-Key": command}
        body = {"territory": "alencon", "data": data}
        answer = self.balancer.request(client, "POST", "/v1/commands/IdentifyPerson", json=body, headers=headers)
        assert answer.status_code in {200, 201, 503}, answer.text
        return None if answer.status_code == 503 else int(answer.json()["position"])

    def people_met(self, position: int, *, in_the_street: bool) -> int:
        return sum(at <= position and (in_the_street or channel != "RUE") for at, _, channel in self.recorded)
