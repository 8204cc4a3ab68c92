"""A second process that folds entries while this one folds facts: a long log is rebuilt on two cores.

How it works
------------
    this process                                     the second one (`second_process_main`)
    reads a page of the log, folds its facts ──────> folds its entries, from the stored rows that it reads itself
    …                                                …
    writes the rows of facts
    asks for the entries of the batch <───────────── answers with them
    writes them, and commits

The second process writes nothing. It reads the tables as the batch before left them, and keeps nothing from one batch to the next, so its
memory is that of one batch. Messages (`second_process_messages`) go through its standard input and output.

It ends when its input ends, so also when this process is killed. When it is killed itself, the rebuild raises Unavailable; what is
committed stays, and the next one resumes there.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread

import msgspec

from services.reporting.facts.fold import EventChanges
from services.reporting.ledger.entry_fold import Entry
from services.reporting.ledger.second_process_messages import BatchEnd, Beginning, Message, Page, read_message, write_message
from shared.address import Address
from shared.errors import Unavailable

MODULE = "services.reporting.ledger.second_process_main"


class SecondProcess:
    """Folds entries for the tables of a rebuild in a database."""

    def __init__(self, address: Address, schema: str | None) -> None:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        (its_input, requests), (answers, its_output) = os.pipe(), os.pipe()  # those of `subprocess` are green where eventlet is
        command = [sys.executable, "-m", MODULE]
        self.process = subprocess.Popen(command, stdin=its_input, stdout=its_output, env=environment)  # noqa: S603
        os.close(its_input)
        os.close(its_output)
        self.requests, self.answers = open(requests, "wb"), open(answers, "rb")  # noqa: SIM115 - until `close`
        self.outbox: SimpleQueue[Message | None] = SimpleQueue()
        self.sender = Thread(target=self.send_all, daemon=True)
        self.sender.start()
        self.outbox.put(Beginning(address.reveal(), schema))

    def fold(self, events: Sequence[EventChanges], *, empty: bool) -> None:
        self.outbox.put(Page(events, empty))

    def take(self) -> list[Entry]:
        """The entries of all events since the last call.

        Raises:
            Unavailable: the process ended.
        """
        self.outbox.put(BatchEnd())
        answer = read_message(self.answers)
        if answer is None:
            raise Unavailable(f"The second process of the rebuild ended, with code {self.process.wait()}: the next one resumes from here.")
        return msgspec.msgpack.decode(answer, type=list[Entry])

    def send_all(self) -> None:
        """Messages are sent by a thread, so that nobody waits while the process starts or folds: a batch at most is in the outbox."""
        with suppress(OSError), self.requests:  # the process ended: `take` tells
            while (message := self.outbox.get()) is not None:
                write_message(self.requests, msgspec.msgpack.encode(message))

    def close(self) -> None:
        self.outbox.put(None)
        self.answers.close()
        self.sender.join()
        self.process.wait()
