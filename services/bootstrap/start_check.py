"""Before a process works, its servers are asked whether they take it: what they refuse ends it, and what is away is waited for.

Only until each has answered once. A password that is changed while the process runs is no reason to end it for good: it logs what it
waits for, and goes on when the password is accepted again.
"""

import logging
import time
from collections.abc import Collection, Iterable
from typing import Any

from services.bootstrap.parts import Part
from services.bootstrap.probes import ask, asked, on_server, where
from services.bootstrap.settings import Settings
from shared.errors import Fault, Misconfigured
from shared.runtime.native_threads import green_only, native

green_only(__name__)
log = logging.getLogger("parcours")

INTERVAL_S = 1.0  # between the questions to a server that is away


class StartCheck:
    """`waiting` are the parts that have not answered yet. They are asked for the rights of these `processes`."""

    def __init__(self, settings: Settings, parts: Iterable[Part], processes: Collection[str] = (), *, declares: bool = True) -> None:
        self.settings = settings
        self.processes = processes
        self.exchange = settings.names.events if declares else None
        self.waiting = [part for part in asked(settings, parts) if on_server(settings, part)]
        self.said: set[Part] = set()

    def ask(self) -> None:
        """Ask the parts that have not answered.

        Raises:
            Misconfigured: with a sentence for each that refuses.
        """
        sentences: list[str] = []
        for part in tuple(self.waiting):
            try:
                native(ask, self.settings, part, self.exchange, self.processes)
            except Misconfigured as fault:
                sentences.extend(fault.sentences)
            except Fault as fault:  # it is away, or holds what cannot be read
                self.say(part, fault)
            else:
                self.waiting.remove(part)
        if sentences:
            raise Misconfigured(*sentences)

    def say(self, part: Part, fault: Fault) -> None:
        """Say once what is waited for."""
        if part not in self.said:
            self.said.add(part)
            log.warning("waiting for %s: %s", where(self.settings, part), fault)

    def run(self, stop: Any) -> None:
        """Ask until each has answered, or until `stop`, which is sent 2 if one refuses."""
        while self.waiting and not stop.ready():
            time.sleep(INTERVAL_S)  # green
            try:
                self.ask()
            except Misconfigured as fault:
                log.error("%s", fault)
                if not stop.ready():
                    stop.send(2)
