"""A walk over the pages as one reader: from the addresses that the reader may type, along every link."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

from tests.browser.history import PERSONS
from tests.browser.page_reader import PageReader
from tests.harness.world import World

PAGES_PER_KIND = 5  # that are read; every link of a page is asked
NAMES = re.compile(r"/(coter/[^/]+/[^/]+|parcours|evenement|saisie|page)/[^/]+")


class Walk:
    """`pages` are those that were read, by address; `refused` the links that answer 400 or more: (page, link, status)."""

    def __init__(self, world: World, reader: dict[str, Any]) -> None:
        self.world, self.reader = world, reader
        self.pages: dict[str, str] = {}
        self.statuses: dict[str, int] = {}
        self.refused: list[tuple[str, str, int]] = []
        self.kinds: Counter[tuple[str, int]] = Counter()
        waiting = list(self.beginnings())
        for address in waiting:
            self.ask(address)
        while waiting:
            waiting = [link for address in waiting if address in self.pages for link in self.follow(address)]

    def beginnings(self) -> Iterator[str]:
        yield from ("/", "/connexion", "/saisie", "/taches", "/nowhere")
        yield from (f"/parcours/{person}" for person in PERSONS)
        yield from (f"/saisie?person={person}" for person in PERSONS)
        yield from (f"/evenement/{position}" for position in range(1, self.world.components.store.head() + 1))
        yield from (f"/coter/{territory}/2024-Q2" for territory in ("alencon", "flers", "all"))
        yield "/coter/alencon/2024-Q2/changements?depuis=1"
        yield from (f"/coter/alencon/2024-Q2/{name}" for name in ("people_met", "workshops_attended", "orientations", "positive_rate"))

    def ask(self, address: str) -> int:
        """The status of an address, asked once. The text of a page is kept, of PAGES_PER_KIND of its kind and status."""
        if address not in self.statuses:
            answer = self.world.get(address, headers={"Accept": "text/html"}, **self.reader)
            self.statuses[address] = answer.status_code
            kind = NAMES.sub(r"/\1/*", urlsplit(address).path)
            self.kinds[kind, answer.status_code] += 1
            if answer.mimetype == "text/html" and self.kinds[kind, answer.status_code] <= PAGES_PER_KIND:
                self.pages[address] = answer.text
        return self.statuses[address]

    def follow(self, address: str) -> Iterator[str]:
        """Ask every link of a page; yields those that were not known."""
        for link in dict.fromkeys(PageReader(self.pages[address]).links):
            if link.startswith("#"):
                continue
            target = urljoin(address, link).partition("#")[0]
            known = target in self.statuses
            if self.ask(target) >= 400:
                self.refused.append((address, link, self.statuses[target]))
            if not known:
                yield target
