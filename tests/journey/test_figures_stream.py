"""The stream of figures, published by processes of reporting as they are run: one is killed, or is followed by one of another version."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from services.reporting.change_answers import FiguresMoved
from shared.bus.names import FIGURES
from tests.contract.bus.figures_stream import messages
from tests.forks import ROOT
from tests.processes import Process, Product, eventually, this_quarter
from tests.servers import GivenPostgres, GivenRabbitmq
from tests.upgrade.releases import with_other_facts

ROUNDS, MEETINGS = 3, 4
READY = "are ready; it answers when"  # what reporting says that waits for its turn


class Installation(Product):
    """All services, and a second process of reporting that can be started: the code of the first is in `root`."""

    def __init__(self, folder: Path, uri: str, dsn: str, root: Path) -> None:
        env = {"PARCOURS_AMQP_URI": uri, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn, "PARCOURS_RATE_LIMIT": "off"}
        super().__init__(folder, env)
        self.uri, self.dsn = uri, dsn
        words = ("service", "reporting", "--data", str(folder))
        self.processes["reporting"] = Process(*words, env=self.env, log=folder / "reporting.log", root=root)
        self.second = Process(*words, env=self.env, log=folder / "second_reporting.log")

    def checkpoint(self) -> int:
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute("select position from checkpoints where name = %s", [FIGURES]).fetchone()
        return int(row[0]) if row else 0

    def told(self, position: int) -> None:
        eventually(lambda: self.checkpoint() >= position, f"what moved until {position} is told")

    def meet(self) -> int:
        data = {"person": str(uuid4()), "channel": "PARTENAIRE", "place": "CCAS", "radar": "NON_INSCRIT"}
        return int(self.must("IdentifyPerson", data)["position"])

    def people_met(self, position: int) -> int:
        answer = self.get("/v1/indicators", territory="alencon", quarter=this_quarter(), position=position)
        return int(answer.json()["indicators"]["people_met"]["value"])


@contextmanager
def installed(folder: Path, postgres: GivenPostgres, rabbitmq: GivenRabbitmq, root: Path) -> Iterator[Installation]:
    with postgres.database() as dsn, rabbitmq.vhost() as uri:
        installation = Installation(folder, uri, dsn, root)
        try:
            installation.start()
            installation.told(1)
            yield installation
        finally:
            installation.second.end()
            installation.stop()


def tells(message: FiguresMoved) -> bool:
    return any((cell.indicator, cell.territory, cell.quarter) == ("people_met", "alencon", this_quarter()) for cell in message.cells)


@pytest.mark.long
def test_whichever_process_is_killed_every_meeting_is_told_when_it_can_be_read(
    tmp_path: Path, postgres_server: GivenPostgres, rabbitmq_server: GivenRabbitmq
) -> None:
    met: list[int] = []
    with installed(tmp_path, postgres_server, rabbitmq_server, ROOT) as installation:
        installation.second.start()
        for number in range(ROUNDS):
            met += [installation.meet() for _ in range(MEETINGS)]
            killed = (installation.processes["reporting"], installation.second)[number % 2]
            killed.kill()
            met += [installation.meet() for _ in range(MEETINGS)]
            installation.told(met[-1])
            assert installation.people_met(installation.checkpoint()) == len(met)
            killed.start()
            installation.ready()
        found = messages(installation.uri)
    heard, last = list[FiguresMoved](), 0
    for message in found:
        if message.position > last:
            heard, last = [*heard, message], message.position
    assert all(tells(message) for message in heard)
    assert last >= met[-1]
    assert len(heard) >= ROUNDS


@pytest.mark.long
def test_the_next_version_goes_on_where_the_former_ended_and_repeats_nothing(
    tmp_path: Path, postgres_server: GivenPostgres, rabbitmq_server: GivenRabbitmq
) -> None:
    former = with_other_facts(tmp_path / "former")
    with installed(tmp_path, postgres_server, rabbitmq_server, former) as installation:
        met = [installation.meet()]
        installation.told(met[-1])
        installation.second.start()
        eventually(lambda: READY in installation.second.log.read_text(), "the next version waits for its turn")
        met.append(installation.meet())
        installation.told(met[-1])
        installation.processes["reporting"].end()
        met.append(installation.meet())
        installation.told(met[-1])
        positions = [message.position for message in messages(installation.uri) if tells(message)]
    assert positions == met
