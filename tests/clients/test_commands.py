"""The Python client against the running product: commands, lines and readings, also where connections break."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from parcours_client import Event, Line, Parcours, Problem, pages, required
from parcours_client.generated.api.queries import me, people, person
from tests.clients.connections import Breaking, client
from tests.clients.persons import TERRITORY, at, identify, interview, new_person
from tests.processes import Product, in_one_process


def test_a_command_is_a_model_and_its_answer_too(coach: Parcours) -> None:
    someone = new_person()
    answer = coach.send(identify(someone), TERRITORY, time=at(0))
    assert answer.events == ["PersonIdentified"]
    found = required(person.sync(someone, client=coach.operations, position=answer.position))
    assert (found.person.person, found.person.followed_in) == (someone, [TERRITORY])


def test_a_refusal_is_an_exception_with_its_code(coach: Parcours) -> None:
    with pytest.raises(Problem) as refused:
        coach.send(interview(new_person()), TERRITORY, time=at(1))
    problem = refused.value
    assert (problem.status, problem.code, problem.passing) == (409, "journey_not_open", False)
    assert problem.detail


def test_faults_are_listed_by_field(coach: Parcours) -> None:
    wrong = interview("?")
    wrong.minutes = 0
    with pytest.raises(Problem) as refused:
        coach.send(wrong, TERRITORY, time=at(1))
    assert (refused.value.status, set(refused.value.faults)) == (422, {"person", "minutes"})


def test_who_may_not_is_told_why(product: Product) -> None:
    with client(product, "funder") as funder, pytest.raises(Problem) as forbidden:
        funder.send(identify(new_person()), TERRITORY)
    assert (forbidden.value.status, forbidden.value.reason) == (403, "role_may_not")


def test_a_command_whose_answer_is_lost_is_sent_again_and_recorded_once(product: Product) -> None:
    keys: list[str] = []

    def lose_two(request: httpx.Request, response: httpx.Response) -> None:
        keys.append(request.headers["Idempotency-Key"])
        if len(keys) < 3:
            response.close()
            raise httpx.ReadError("cut")

    someone = new_person()
    with client(product, "coach", Breaking(lose_two)) as parcours:
        answer = parcours.send(identify(someone), TERRITORY, time=at(0))
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert [event.position for event in recorded(product) if event.data["person"] == someone] == [answer.position]


def recorded(product: Product) -> Iterator[Event]:
    with client(product, "auditor") as auditor:
        for event in auditor.events(types=["intake.PersonIdentified"]):
            assert isinstance(event, Event)
            yield event


def test_nothing_is_repeated_when_patience_ends(product: Product) -> None:
    tries: list[str] = []

    def lose(request: httpx.Request, response: httpx.Response) -> None:
        tries.append(request.url.path)
        raise httpx.ReadError("cut")

    with client(product, "coach", Breaking(lose), patience=0) as parcours, pytest.raises(httpx.ReadError):
        parcours.send(identify(new_person()), TERRITORY, time=at(0))
    assert len(tries) == 1


def test_too_many_requests_are_sent_again_when_the_gateway_says(tmp_path: Path) -> None:
    with in_one_process(tmp_path, {"PARCOURS_RATE_LIMIT": "1/2"}) as busy:
        statuses: list[int] = []
        transport = Breaking(lambda request, response: statuses.append(response.status_code))
        with client(busy, "coach", transport) as parcours:
            for _ in range(4):
                required(me.sync(client=parcours.operations))
    assert 429 in statuses
    assert [status for status in statuses if status != 429] == [200] + [304] * 3


def test_a_reading_is_not_sent_twice_and_belongs_to_its_reader(product: Product) -> None:
    statuses: list[int] = []
    tokens = iter([product.token("coach"), product.token("coach"), product.token("coordinator")])
    transport = Breaking(lambda request, response: statuses.append(response.status_code))
    with Parcours(product.url, lambda: next(tokens), transport=transport) as parcours:
        roles = [required(me.sync(client=parcours.operations)).actor.role for _ in range(3)]
    assert roles == ["coach", "coach", "coordinator"]
    assert statuses == [200, 304, 200]


def test_a_list_is_read_page_by_page(product: Product, coach: Parcours) -> None:
    answers = [coach.send(identify(new_person()), "argentan", time=at(0)) for _ in range(5)]
    listed = pages(people.sync, client=coach.operations, territory=["argentan"], limit=2, position=answers[-1].position)
    found = [line.person for line in listed]
    assert len(found) == len(set(found)) == 5


def lines(count: int) -> list[Line]:
    return [Line(identify(new_person()), TERRITORY, at(0)) for _ in range(count)]


def test_each_line_has_its_answer(coach: Parcours) -> None:
    refused, invalid = Line(interview(new_person()), TERRITORY, at(1)), Line(identify("?"), TERRITORY, at(1))
    sent = [*lines(7), refused, *lines(7), invalid, *lines(7)]
    answers = list(coach.send_lines(iter(sent), together=10))
    assert [answer.line for answer in answers] == sent
    wrong = [(each.line, each.outcome, each.problem and each.problem.code) for each in answers if each.answer is None]
    assert wrong == [(refused, "refused", "journey_not_open"), (invalid, "invalid", "invalid")]
    assert all(each.answer is None or each.answer.command == each.line.id for each in answers)


class Cut(httpx.SyncByteStream):
    """An answer that breaks off after some bytes."""

    def __init__(self, inner: httpx.Response, bytes_left: int) -> None:
        self.inner = inner
        self.left = bytes_left

    def __iter__(self) -> Iterator[bytes]:
        for block in self.inner.iter_raw():
            yield block[: self.left]
            self.left -= len(block)
            if self.left <= 0:
                self.inner.close()
                raise httpx.ReadError("cut")


class CuttingTransport(httpx.HTTPTransport):
    def __init__(self, cuts: list[int]) -> None:
        super().__init__()
        self.cuts = cuts

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        if not self.cuts:
            return response
        return httpx.Response(response.status_code, headers=response.headers, stream=Cut(response, self.cuts.pop()))


def test_lines_without_an_answer_are_sent_again_and_recorded_once(product: Product) -> None:
    sent = lines(30)
    cuts = [2_000, 1_000, 10]
    with client(product, "coach", CuttingTransport(cuts)) as parcours:
        answers = list(parcours.send_lines(sent))
    assert not cuts
    assert [answer.line for answer in answers] == sent
    persons = [line.to_dict()["data"]["person"] for line in sent]
    assert sorted(event.data["person"] for event in recorded(product) if event.data["person"] in persons) == sorted(persons)


def test_the_log_is_read_to_its_head(product: Product, coach: Parcours) -> None:
    answer = coach.send(identify(new_person()), TERRITORY, time=at(0), id=uuid4())
    with client(product, "auditor") as auditor:
        found = list(auditor.events())
    assert [event.position for event in found] == sorted({event.position for event in found})
    assert answer.position in {event.position for event in found}
