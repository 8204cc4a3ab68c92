"""The second process of a rebuild: see `second_process`."""

import gc
import signal
import sys

import msgspec
from sqlalchemy import Engine

from services.reporting.ledger.entry_fold import EntryFold
from services.reporting.ledger.loading import load_versions
from services.reporting.ledger.posting import fold_entries
from services.reporting.ledger.second_process_messages import BatchEnd, Beginning, Message, Page, read_message, write_message
from services.reporting.projection.database import open_engine
from services.reporting.projection.schema import rebuild_tables
from shared.address import Address


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to both; this one ends with the other
    gc.disable()  # as `garbage_collection_paused`
    decoder = msgspec.msgpack.Decoder(Message)
    batch: Batch | None = None
    while (message := read_message(sys.stdin.buffer)) is not None:
        match decoder.decode(message):
            case Beginning(address, schema):
                batch = Batch(open_engine(Address(address), schema))
            case Page() as page if batch:
                batch.add(page)
            case BatchEnd() if batch:
                write_message(sys.stdout.buffer, msgspec.msgpack.encode(batch.fold.entries))
                batch = Batch(batch.engine)


class Batch:
    """The events between two commits of the other process."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.tables = rebuild_tables()
        self.fold = EntryFold({})
        self.begun = False

    def add(self, page: Page) -> None:
        with self.engine.connect() as connection:
            if not (self.begun or page.empty):
                self.fold.set_versions(load_versions(connection, self.tables))
            self.begun = True
            fold_entries(connection, self.tables, self.fold, page.events, empty=page.empty)


if __name__ == "__main__":
    main()
