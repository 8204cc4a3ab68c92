"""Every page and every query, asked by each role: none may fail with a status of the 500s."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product as combinations
from random import Random
from typing import TypeVar

import httpx

from services.vocabulary.programme import PROGRAMME
from shared.message import Position
from tests.fuzz.random_commands import COMMANDS, ROLES
from tests.fuzz.sending import MAX_LISTED_FAULTS, Sender

T = TypeVar("T")

ODD_NUMBERS = ("-1", "0", "9" * 30, "9" * 5_000, "x", "٢", "")
ODD_QUARTERS = ("1924-Q1", "20٢٤-Q1", "2024-Q5", "9999-Q4", "0001-Q1", "")
ASKED_PER_KIND = 25  # of people, of events and of cells, by each role


class Walk:
    def __init__(self, sender: Sender, quarters: Sequence[str], head: Position, rng: Random) -> None:
        self.sender = sender
        self.client = sender.client
        self.rng = rng
        self.quarters = quarters
        self.head = head
        self.territories = [*sender.commands.territories, PROGRAMME]
        self.statuses: Counter[int] = Counter()
        self.found: dict[str, str] = {}  # a fault of each shape of address, without its territory

    def run(self) -> None:
        for role in ROLES:
            for territories in ((self.territories[0],), ("*",)):
                token = self.sender.token(role, territories=territories)
                for path in self.paths():
                    self.ask(path, token, role)
        for path in ("/", "/connexion", "/healthz", "/readyz", "/metrics", "/openapi.json", "/asyncapi.json", "/v1/events"):
            self.ask(path, {}, "nobody")

    def ask(self, path: str, token: dict[str, str], role: str) -> None:
        accept = "application/json" if path.startswith("/v1/") else "text/html"
        try:
            answer = self.client.get(path, headers={"Accept": accept, **token})
        except httpx.HTTPError as failure:
            self.fault(path, f"{role} GET {path[:200]}: {failure!r}")
            return
        self.statuses[answer.status_code] += 1
        if answer.status_code >= 500:
            self.fault(path, f"{role} GET {path[:200]}: {answer.status_code} {title(answer)}")

    @property
    def faults(self) -> list[str]:
        return list(self.found.values())[:MAX_LISTED_FAULTS]

    def fault(self, path: str, text: str) -> None:
        for territory in self.territories:
            path = path.replace(territory, "")
        self.found.setdefault(path, text)

    def paths(self) -> Iterator[str]:
        yield from ("/", "/saisie", "/metrics", "/openapi.json", "/readyz")
        for name in self.sample([*COMMANDS]):
            yield f"/saisie/{name}"
        for territory, quarter in self.sample([*combinations(self.territories, [*self.quarters, *ODD_QUARTERS])]):
            indicator = self.rng.choice(("people_met", "positive_rate", "follow_up_m3", "barriers_lifted", "unknown"))
            yield f"/coter/{territory}/{quarter}"
            yield f"/coter/{territory}/{quarter}/{indicator}"
            yield f"/v1/indicators?territory={territory}&quarter={quarter}"
            yield f"/v1/indicators/{indicator}/evidence?territory={territory}&quarter={quarter}&side=denominator"
        for person in self.sample(sorted(self.sender.commands.stage)):
            yield f"/parcours/{person}"
        for position in self.sample(range(1, self.head + 3)):
            yield f"/evenement/{position}"
            yield f"/v1/events?after={position}&limit=20"
        for odd in ODD_NUMBERS:
            yield from (f"/v1/events?after={odd}", f"/v1/events?limit={odd}", f"/evenement/{odd}")
            yield f"/v1/indicators?quarter={self.quarters[-1]}&definitions={odd}"

    def sample(self, values: Sequence[T]) -> list[T]:
        return self.rng.sample(values, min(len(values), ASKED_PER_KIND))


def title(answer: httpx.Response) -> str:
    """The title of a page, or the beginning of another answer."""
    return answer.text.partition("<title>")[2].partition("</title>")[0] or answer.text[:200]
