"""The stream of figures, published by two processes of reporting as they are run, of which the one that publishes is killed."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from services.reporting.change_answers import FiguresMoved
from shared.bus.names import FIGURES
from tests.contract.bus.figures_stream import messages
from tests.processes import Process, Product, eventually, running, this_quarter

ROUNDS, MEETINGS = 3, 4


class Reporting:
    """Two processes of it on one broker and one database."""

    def __init__(self, product: Product, uri: str, dsn: str) -> None:
        self.product, self.uri, self.dsn = product, uri, dsn
        words = ("service", "reporting", "--data", str(product.folder))
        second = Process(*words, env=product.env, log=product.folder / "second_reporting.log")
        second.start()
        self.processes = [product.processes["reporting"], second]

    def checkpoint(self) -> int:
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute("select position from checkpoints where name = %s", [FIGURES]).fetchone()
        return int(row[0]) if row else 0

    def told(self, position: int) -> None:
        eventually(lambda: self.checkpoint() >= position, f"what moved until {position} is told")

    def meet(self) -> int:
        data = {"person": str(uuid4()), "channel": "RUE", "place": "Marché", "radar": "NON_INSCRIT"}
        return int(self.product.must("IdentifyPerson", data)["position"])

    def people_met(self, position: int) -> int:
        answer = self.product.get("/v1/indicators", territory="alencon", quarter=this_quarter(), position=position)
        return int(answer.json()["indicators"]["people_met"]["value"])


@pytest.fixture
def reporting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reporting]:
    postgres, rabbitmq = request.getfixturevalue("postgres_server"), request.getfixturevalue("rabbitmq_server")
    with postgres.database() as dsn, rabbitmq.vhost() as uri:
        env = {"PARCOURS_AMQP_URI": uri, "PARCOURS_EVENT_STORE": dsn, "PARCOURS_READ_MODELS": dsn, "PARCOURS_RATE_LIMIT": "off"}
        with running(tmp_path_factory.mktemp("figures"), env) as product:
            both = Reporting(product, uri, dsn)
            try:
                both.told(1)
                yield both
            finally:
                both.processes[1].end()


def tells(message: FiguresMoved) -> bool:
    return any((cell.indicator, cell.territory, cell.quarter) == ("people_met", "alencon", this_quarter()) for cell in message.cells)


@pytest.mark.long
def test_whichever_process_is_killed_every_meeting_is_told_when_it_can_be_read(reporting: Reporting) -> None:
    met: list[int] = []
    for number in range(ROUNDS):
        met += [reporting.meet() for _ in range(MEETINGS)]
        killed = reporting.processes[number % 2]
        killed.kill()
        met += [reporting.meet() for _ in range(MEETINGS)]
        reporting.told(met[-1])
        assert reporting.people_met(reporting.checkpoint()) == len(met)
        killed.start()
        reporting.product.ready()
    heard, last = list[FiguresMoved](), 0
    for message in messages(reporting.uri):
        if message.position > last:
            heard, last = [*heard, message], message.position
    assert all(tells(message) for message in heard)
    reached = [message.position for message in heard]
    for position in met:
        assert any(position <= each for each in reached), position
    assert len(heard) >= ROUNDS
