"""Fills versions of the definitions in the background, some persons at a time (`ledger.filling`)."""

import logging
import threading

from services.reporting.projection.read_models import ReadModels
from shared.errors import Unavailable

log = logging.getLogger(__name__)

POLL_INTERVAL_S = 1.0
PAUSE_S = 0.02  # between two pages, for others who write


class Filler:
    """Any process may fill, several at a time too: each page is a transaction that reads where the last one ended."""

    def __init__(self, models: ReadModels) -> None:
        self.models = models
        self.stopping = threading.Event()

    def run(self) -> None:
        """In a native thread, until `stop` is called."""
        while not self.stopping.is_set():
            try:
                filled = self.step()
            except Unavailable as fault:
                log.info("Definitions are filled later: %s", fault)
                filled = False
            self.stopping.wait(PAUSE_S if filled else POLL_INTERVAL_S)

    def step(self) -> bool:
        """Fill a page. False if there is nothing to fill."""
        if not self.models.fillings():
            return False
        self.models.fill_page()
        return True

    def stop(self) -> None:
        self.stopping.set()
