"""Requests that two servers read in two ways are refused, as problems, and nothing after them is taken for another request."""

import gzip
import json
import socket

import pytest

from tests.http.raw import TIMEOUT_S, Answer, request, send
from tests.processes import Product

NEXT = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
HEAD = "{method} HTTP/1.1\r\n{headers}\r\n"
HOST = "Host: 127.0.0.1\r\n"

AMBIGUOUS = {
    "no host": ("GET /healthz", ""),
    "two hosts": ("GET /healthz", f"{HOST}Host: elsewhere.example\r\n"),
    "the same host twice": ("GET /healthz", HOST * 2),
    "two lengths": ("POST /v1/session", f"{HOST}Content-Length: 0\r\nContent-Length: 5\r\n"),
    "a list of lengths": ("POST /v1/session", f"{HOST}Content-Length: 0, 5\r\n"),
    "a length with a sign": ("POST /v1/session", f"{HOST}Content-Length: +0\r\n"),
    "a length and chunks": ("POST /v1/session", f"{HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
    "a space before the colon": ("POST /v1/session", f"{HOST}Content-Length : 5\r\n"),
    "a header in two lines": ("GET /healthz", f"{HOST}X-Long: a\r\n b\r\n"),
    "no colon": ("POST /v1/session", f"{HOST}nothing\r\nContent-Length: 5\r\n"),
}
TITLES = {"Demande illisible", "En-têtes trop longs", "Adresse trop longue", "Cette forme de demande n’est pas lue ici"}
TWICE = ('{"territory":"alencon","territory":"flers","data":{}}', '{"territory":"alencon","data":{"a":{"b":1,"b":1}}}')


def everything(product: Product, sent: bytes) -> bytes:
    """All that comes back until the connection is closed."""
    with socket.create_connection(("127.0.0.1", product.port), timeout=TIMEOUT_S) as connection:
        connection.sendall(sent)
        received = b""
        while part := connection.recv(65_536):
            received += part
    return received


@pytest.mark.parametrize(("line", "headers"), AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_what_can_be_read_in_two_ways_is_refused_and_the_connection_closed(product: Product, line: str, headers: str) -> None:
    received = everything(product, HEAD.format(method=line, headers=headers).encode() + NEXT)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"Connection: close" in head
    assert b"application/problem+json" in head
    assert (received.count(b"HTTP/1.1 "), json.loads(body)["code"]) == (1, "unreadable")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"garbage\r\n\r\n", 400),
        (b"GET /healthz\r\n\r\n", 400),
        (b"GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (b"POST /v1/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n", 501),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 10_000 + b"\r\n\r\n", 431),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"GET /" + b"x" * 8_192 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    ],
    ids=["garbage", "no version", "another version", "two codings", "a long header", "many headers", "a long address"],
)
def test_what_no_one_can_read_is_a_problem_in_french(product: Product, sent: bytes, status: int) -> None:
    answer = send(product, sent)
    problem = json.loads(answer.body)
    assert (answer.status, answer.headers["connection"], problem["status"]) == (status, "close", status)
    assert problem["title"] in TITLES


def test_a_client_of_1996_needs_no_host(product: Product) -> None:
    assert send(product, b"GET /healthz HTTP/1.0\r\n\r\n").status == 200


def test_the_host_of_an_absolute_address_is_the_one_that_counts(product: Product) -> None:
    """A foreign name in it is foreign, whatever the header says: the login answers to this machine's own names."""
    login = json.dumps({"actor": "a", "role": "coach", "territories": []}).encode()
    for host, status in ((f"127.0.0.1:{product.port}", 201), ("elsewhere.example", 403)):
        assert send(product, request(product, "POST", f"http://{host}/v1/session", login)).status == status
    assert send(product, request(product, "GET", f"HTTP://127.0.0.1:{product.port}/v1/events?after=0")).status == 200
    assert send(product, request(product, "GET", "http://127.0.0.1")).status == 200
    assert send(product, b"GET http://127.0.0.1/healthz HTTP/1.0\r\n\r\n").status == 200  # which needs no other host


def test_the_server_as_a_whole_has_methods(product: Product) -> None:
    answer = send(product, request(product, "OPTIONS", "*"))
    assert (answer.status, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")


@pytest.mark.parametrize("body", TWICE)
def test_a_key_that_is_given_twice_is_refused(product: Product, body: str) -> None:
    key = "7b0c1f5e-3a61-4c39-9b46-6c5a0a1a2b3c"
    answer = send(product, request(product, "POST", "/v1/commands/IdentifyPerson", body.encode(), Idempotency_Key=key))
    assert (answer.status, "names a member twice" in json.loads(answer.body)["detail"]) == (400, True)
    line = f'{{"id":"{key}","type":"IdentifyPerson",{body[1:]}'.encode()
    headers = {"Authorization": f"Bearer {product.token('coach')}", "Content-Type": "application/x-ndjson"}
    reply = product.client.post("/v1/commands", content=line, headers=headers).json()
    assert "names a member twice" in reply["invalid"]["_"][0]


def unzipped(answer: Answer) -> bytes:
    assert (answer.headers["content-encoding"], int(answer.headers["content-length"])) == ("gzip", len(answer.body))
    return gzip.decompress(answer.body)


@pytest.mark.parametrize("path", ["/openapi.json", "/connexion", "/page/parcours.css"])
def test_a_larger_answer_is_compressed_for_who_accepts_it(product: Product, path: str) -> None:
    plain, zipped = send(product, request(product, "GET", path)), send(product, request(product, "GET", path, Accept_Encoding="br, gzip"))
    assert unzipped(zipped) == plain.body
    assert len(zipped.body) < len(plain.body) / 2
    assert "Accept-Encoding" in plain.headers["vary"]
    assert "Accept-Encoding" in zipped.headers["vary"]
    refused = send(product, request(product, "GET", path, Accept_Encoding="gzip;q=0, identity"))
    assert (refused.body, "content-encoding" in refused.headers) == (plain.body, False)
    assert send(product, request(product, "HEAD", path, Accept_Encoding="gzip")).headers["content-encoding"] == "gzip"


def test_a_compressed_file_that_is_known_is_not_sent_again(product: Product) -> None:
    first = send(product, request(product, "GET", "/page/parcours.css", Accept_Encoding="gzip"))
    again = send(product, request(product, "GET", "/page/parcours.css", Accept_Encoding="gzip", If_None_Match=first.headers["etag"]))
    assert (again.status, again.body) == (304, b"")


def test_what_is_small_or_flows_or_was_sent_is_not_compressed(product: Product) -> None:
    body = json.dumps({"actor": "a" * 60, "role": "coach", "territories": ["x" * 60] * 100}).encode()
    for answer in (
        send(product, request(product, "GET", "/healthz", Accept_Encoding="gzip")),
        send(product, request(product, "GET", "/v1/stream", Accept_Encoding="gzip")),
        send(product, request(product, "POST", "/v1/session", body, Accept_Encoding="gzip")),
    ):
        assert "content-encoding" not in answer.headers, answer
