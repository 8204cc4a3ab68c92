"""Many commands in one request: every line is answered, always and in order, whatever its neighbours and its client do."""

import gzip
import json
import socket
import threading
from http.client import HTTPResponse
from typing import Any
from uuid import uuid4

import pytest

from services.gateway.commands_api import MAX_COMMAND_BYTES
from services.gateway.line_reader import MAX_LINES, MAX_REQUEST_BYTES
from tests.harness.world import met
from tests.http.raw import TIMEOUT_S, chunk, connected, lines_head, read_replies, replies_to, request, send
from tests.processes import Product


def line(name: str = "IdentifyPerson", data: dict[str, Any] | None = None, **more: Any) -> bytes:
    asked = {"id": str(uuid4()), "type": name, "territory": "alencon", "data": data or met(str(uuid4())), **more}
    return json.dumps(asked).encode() + b"\n"


def outcomes(replies: list[dict[str, Any]]) -> list[str]:
    return [next(name for name in reply if name not in {"line", "id", "problem"}) for reply in replies]


def recorded(product: Product, person: str) -> bool:
    """Whether this person was met: they cannot be met a second time."""
    return product.send("IdentifyPerson", met(person)).status_code == 409


LINES = [line() for _ in range(3)]
WAYS: dict[str, tuple[bytes | list[bytes], dict[str, str]]] = {
    "with a length": (b"".join(LINES), {}),
    "without a last line end": (b"".join(LINES).rstrip(), {}),
    "in chunks": (LINES, {}),
    "in chunks of seven bytes": ([b"".join(LINES)[at : at + 7] for at in range(0, len(b"".join(LINES)), 7)], {}),
    "compressed": (gzip.compress(b"".join(LINES)), {"Content_Encoding": "gzip"}),
    "compressed in chunks": ([gzip.compress(each) for each in LINES], {"Content_Encoding": "gzip"}),
}


@pytest.mark.parametrize(("body", "headers"), WAYS.values(), ids=WAYS)
def test_lines_are_read_however_they_are_sent(product: Product, body: bytes | list[bytes], headers: dict[str, str]) -> None:
    replies = replies_to(product, body, **headers)
    assert outcomes(replies) == ["accepted"] * 3
    assert [(reply["line"], reply["id"]) for reply in replies] == [(n, json.loads(each)["id"]) for n, each in enumerate(LINES, 1)]


POISON = {
    "a number with a point": line("HoldInterview", {"person": "p-1", "mode": "VISIO", "minutes": 2015.0}),
    "deeper than a stack": b'{"id":"x","type":"IdentifyPerson","territory":"alencon","data":'
    + b'{"a":' * 5_000
    + b"1"
    + b"}" * 5_001
    + b"\n",
    "deeper than a thousand": b"[" * 1_001 + b"]" * 1_001 + b"\n",
    "at the end of the calendar": line(time="9999-12-31T23:59:59-23:59"),
    "at its beginning": line(time="0001-01-01T00:00:00+23:59"),
    "with an impossible offset": line(time="2024-05-01T10:00:00+99:99"),
    "too long": b"x" * (MAX_COMMAND_BYTES + 100_000) + b"\n",
    "no UTF-8": line().replace(b"alencon", b"alen\xe7on"),
    "a key twice": line().replace(b'"territory"', b'"type": "OpenJourney", "territory"'),
    "a key twice inside": line().replace(b'"person"', b'"person": "p-2", "person"'),
    "a key twice, one of them escaped": line().replace(b'"person"', b'"p\\u0065rson": "p:2", "\\u003a": 1, "person"'),
    "no id": line(id=None),
    "a list as its id": line(id=[[]]),
    "no JSON": b"}\n",
    "no object": b"[]\n",
    "no such command": line("Dance"),
    "an object as its type": line(type={}),
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
def test_one_poisonous_line_is_answered_in_its_place(product: Product, poison: bytes) -> None:
    replies = replies_to(product, line() + poison + line() + poison + line())
    assert outcomes(replies) == ["accepted", "invalid", "accepted", "invalid", "accepted"]
    assert [reply["line"] for reply in replies] == [1, 2, 3, 4, 5]


def test_a_client_may_send_everything_before_it_reads(product: Product) -> None:
    """Neither side has room for what the other one sends: 60,000 replies of some hundred bytes."""
    count = 60_000
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.settimeout(60)
        connection.connect(("127.0.0.1", product.port))
        connection.sendall(lines_head(product))
        for _ in range(count // 1_000):
            connection.sendall(chunk(b"[]\n" * 1_000))
        connection.sendall(chunk(line()) + b"0\r\n\r\n")
        replies = read_replies(connection)
    assert [reply["line"] for reply in replies] == list(range(1, count + 2))
    assert "accepted" in replies[-1]


def test_a_line_is_answered_before_the_next_one_is_sent(product: Product) -> None:
    with connected(product) as connection:
        connection.sendall(lines_head(product) + chunk(line()))
        answer = HTTPResponse(connection, method="POST")
        answer.begin()
        for number in range(2, 5):
            assert json.loads(answer.readline())["line"] == number - 1
            connection.sendall(chunk(line()))
        connection.sendall(b"0\r\n\r\n")
        assert json.loads(answer.readline())["line"] == 4
        assert answer.read() == b""


@pytest.mark.parametrize("how", ["with a length", "in chunks", "compressed"])
def test_of_a_request_that_breaks_off_what_was_accepted_stays(product: Product, how: str) -> None:
    """The client ends its side, and still reads: the lines that came are answered, and the last reply says that the request ended early."""
    persons = [str(uuid4()) for _ in range(3)]
    whole = b"".join(line(data=met(person)) for person in persons)
    body = whole[:-60]
    with connected(product) as connection:
        if how == "with a length":
            connection.sendall(lines_head(product, Content_Length=str(len(whole))) + body)
        elif how == "in chunks":
            connection.sendall(lines_head(product) + chunk(body)[:-20])
        else:
            packed = gzip.compress(whole)
            connection.sendall(lines_head(product, Content_Encoding="gzip", Content_Length=str(len(packed) - 4)) + packed[:-4])
        connection.shutdown(socket.SHUT_WR)
        replies = read_replies(connection)
    expected = ["accepted"] * (3 if how == "compressed" else 2)
    assert outcomes(replies) == [*expected, "invalid"]
    assert "s’interrompt" in replies[-1]["invalid"]["_"][0]
    assert [recorded(product, person) for person in persons] == [True, True, how == "compressed"]


def test_a_client_that_goes_away_leaves_what_was_accepted(product: Product) -> None:
    persons = [str(uuid4()) for _ in range(3)]
    with connected(product) as connection:
        connection.sendall(lines_head(product) + b"".join(chunk(line(data=met(person))) for person in persons[:2]) + b"ffff\r\n{")
        answer = HTTPResponse(connection, method="POST")
        answer.begin()
        assert outcomes([json.loads(answer.readline()) for _ in "12"]) == ["accepted"] * 2
    assert [recorded(product, person) for person in persons] == [True, True, False]


def test_a_compressed_request_is_decompressed_within_limits(product: Product) -> None:
    """A kilobyte may stand for megabytes: a line that is too long is passed over, and nothing of it is kept."""
    body = gzip.compress(line() + b"0" * (20 * 1024 * 1024) + b"\n" + line())
    assert len(body) < 100_000
    assert outcomes(replies_to(product, body, Content_Encoding="gzip")) == ["accepted", "invalid", "accepted"]


@pytest.mark.parametrize("body", [b"no gzip at all", gzip.compress(b"")[:8], b""], ids=["no gzip", "cut off", "nothing"])
def test_what_is_no_gzip_is_said(product: Product, body: bytes) -> None:
    replies = replies_to(product, body, Content_Encoding="gzip")
    assert outcomes(replies) == ["invalid"]


def test_another_compression_is_not_read(product: Product) -> None:
    answer = send(product, lines_head(product, Content_Length="3", Content_Encoding="br") + b"abc")
    assert answer.status == 415


@pytest.mark.parametrize("expect", [{}, {"Expect": "100-continue"}])
def test_a_request_that_announces_too_much_is_refused_before_it_is_sent(product: Product, expect: dict[str, str]) -> None:
    answer = send(product, lines_head(product, Content_Length=str(MAX_REQUEST_BYTES + 1), **expect))
    assert (answer.status, json.loads(answer.body)["code"]) == (413, "too_large")
    assert str(MAX_LINES) in json.loads(answer.body)["detail"]
    single = request(
        product, "POST", "/v1/commands/IdentifyPerson", Content_Length=str(MAX_COMMAND_BYTES + 1), Idempotency_Key=str(uuid4())
    )
    assert send(product, single).status == 413


def test_a_client_may_wait_to_be_told_to_go_on(product: Product) -> None:
    body = line()
    with connected(product) as connection:
        connection.sendall(lines_head(product, Content_Length=str(len(body)), Expect="100-continue"))
        assert connection.recv(25).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(body)
        assert outcomes(read_replies(connection)) == ["accepted"]


def test_lines_beyond_the_limit_are_not_read_and_that_is_said(product: Product) -> None:
    """Blank lines count too. The client reads the answer although it sends more."""
    replies = replies_to(product, line() + b"\n" * MAX_LINES + line())
    assert outcomes(replies) == ["accepted", "invalid"]
    assert replies[1]["line"] == MAX_LINES + 1


def test_the_steps_of_a_person_are_decided_in_their_order(product: Product) -> None:
    """Lines of two services in turns; the second step of each person needs the first."""
    steps = []
    for _ in range(100):
        person = str(uuid4())
        steps += [line(data=met(person)), line("OpenJourney", {"person": person, "referent": "coach-1"})]
        steps += [line("HoldInterview", {"person": person, "mode": "VISIO", "minutes": 30})]
    replies = replies_to(product, b"".join(steps))
    assert outcomes(replies) == ["accepted"] * 300
    positions = [reply["accepted"]["position"] for reply in replies]
    assert all(positions[at : at + 3] == sorted(positions[at : at + 3]) for at in range(0, 300, 3))


def test_requests_at_the_same_time_are_answered_each_with_its_own(product: Product) -> None:
    got: dict[int, list[dict[str, Any]]] = {}
    bodies = {number: [line() for _ in range(50)] for number in range(8)}

    def ask(number: int) -> None:
        got[number] = replies_to(product, b"".join(bodies[number]))

    threads = [threading.Thread(target=ask, args=(number,)) for number in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT_S * 6)
    for number, lines in bodies.items():
        assert [reply["id"] for reply in got[number]] == [json.loads(each)["id"] for each in lines]
        assert set(outcomes(got[number])) == {"accepted"}
