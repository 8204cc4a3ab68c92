"""Odd requests get an answer of their own: never a 5xx, an empty one, or one that pretends to have understood."""

import json
from uuid import uuid4

import httpx
import pytest

from tests.harness.world import met
from tests.http.raw import chunked, request, send
from tests.processes import Product, this_quarter

COMMAND = "/v1/commands/IdentifyPerson"
PAGES = (
    "/",
    "/connexion",
    "/saisie",
    f"/coter/alencon/{this_quarter()}",  # an earlier one precedes the facts that other tests record
    "/openapi.json",
    "/healthz",
    "/v1/events",
    "/v1/stream",
    "/page/parcours.js",
)


def command_body(person: str = "") -> bytes:
    return json.dumps({"territory": "alencon", "data": met(person or str(uuid4()))}).encode()


ODD_BODIES = {
    "nothing": b"",
    "no json": b"no json",
    "deep lists": b"[" * 50_000,
    "deep objects": b'{"a":' * 50_000,
    "deep and closed": b'{"territory":"alencon","data":' + b'{"a":' * 900 + b"1" + b"}" * 901,
    "lone surrogate": b'{"territory":"alencon","data":{"person":"\\ud800"}}',
    "encoded surrogate": b'{"territory":"alencon","data":{"person":"\xed\xa0\x80"}}',
    "not utf-8": b'{"territory":"alen\xe7on","data":{}}',
    "nul": b'{"territory":"alencon","data":{"person":"a\\u0000b"}}',
    "byte order mark": b'\xef\xbb\xbf{"territory":"alencon","data":{}}',
    "utf-16": '{"territory":"alencon","data":{}}'.encode("utf-16"),
    "a huge number": b'{"territory":"alencon","data":{"person":%b}}' % (b"9" * 5_000),
    "an infinite number": b'{"territory":"alencon","data":{"person":1e999}}',
    "a list": b"[]",
    "null": b"null",
    "data is a list": b'{"territory":"alencon","data":[]}',
    "territory is an object": b'{"territory":{},"data":{}}',
    "time is a number": b'{"territory":"alencon","data":{},"time":1}',
    "time has no zone": b'{"territory":"alencon","data":{},"time":"2024-05-01T10:00:00"}',
    "time is out of every calendar": b'{"territory":"alencon","data":{},"time":"9999-12-31T23:59:59-23:59"}',
}


@pytest.mark.parametrize("body", ODD_BODIES.values(), ids=ODD_BODIES)
@pytest.mark.parametrize("path", [COMMAND, "/v1/session", "/v1/commands"])
def test_an_odd_body_is_a_problem(product: Product, path: str, body: bytes) -> None:
    kind = "application/x-ndjson" if path == "/v1/commands" else "application/json"
    answer = send(product, request(product, "POST", path, body, Content_Type=kind, Idempotency_Key=str(uuid4())))
    assert answer.status == 200 if path == "/v1/commands" else 400 <= answer.status < 500, answer
    assert answer.headers["content-type"].startswith(kind if path == "/v1/commands" else "application/problem+json")


def test_a_body_in_chunks_is_read_like_any_other(product: Product) -> None:
    """Whether its sender knows its length or not."""
    body = command_body()
    key = str(uuid4())
    asked = {"Content_Type": "application/json", "Transfer_Encoding": "chunked", "Idempotency_Key": key}
    assert send(product, request(product, "POST", COMMAND, chunked(body[:7], body[7:]), **asked)).status == 201
    asked["Content_Type"] = "application/x-ndjson"
    line = json.dumps({"id": key, "type": "IdentifyPerson", **json.loads(body)}).encode()
    with httpx.Client(base_url=product.url, headers={"Authorization": f"Bearer {product.token('coordinator')}"}) as client:
        answer = client.post("/v1/commands", content=iter([line[:9], line[9:], b"\n"]), headers={"Content-Type": "application/x-ndjson"})
    assert "accepted" in answer.json()


@pytest.mark.parametrize(
    "chunks", [b"zz\r\nabc\r\n0\r\n\r\n", b"-5\r\nxyz\r\n0\r\n\r\n", b"\r\n\r\n\r\n"], ids=["no size", "negative", "empty"]
)
@pytest.mark.parametrize(("path", "kind"), [(COMMAND, "application/json"), ("/v1/commands", "application/x-ndjson")])
def test_broken_chunks_are_a_problem(product: Product, path: str, kind: str, chunks: bytes) -> None:
    asked = {"Content_Type": kind, "Transfer_Encoding": "chunked", "Idempotency_Key": str(uuid4())}
    answer = send(product, request(product, "POST", path, chunks, **asked))
    assert answer.status == (400 if path == COMMAND else 200), answer


@pytest.mark.parametrize("coding", ["gzip", "gzip, chunked", "identity", "chunked, chunked"])
def test_a_transfer_coding_that_nobody_reads_is_not_taken_for_the_next_request(product: Product, coding: str) -> None:
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = send(product, request(product, "POST", COMMAND, smuggled, Transfer_Encoding=coding))
    assert (answer.status, answer.headers["connection"]) == (501, "close")


@pytest.mark.parametrize("length", ["-1", "five", "5, 5", "9" * 30, "1e3", ""])
def test_an_odd_length_is_a_problem(product: Product, length: str) -> None:
    answer = send(product, request(product, "POST", COMMAND, b"{}", Content_Length=length, Idempotency_Key=str(uuid4())))
    assert answer.status in {400, 413}


@pytest.mark.parametrize(
    "headers",
    [{"Content_Encoding": "gzip"}, {"Content_Type": "application/json; charset=latin-1"}],
)
def test_an_encoding_that_is_not_read_is_said_so(product: Product, headers: dict[str, str]) -> None:
    answer = send(product, request(product, "POST", COMMAND, command_body(), Idempotency_Key=str(uuid4()), **headers))
    assert answer.status == 415
    assert json.loads(answer.body)["code"] == "unsupported"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "X"])
@pytest.mark.parametrize("path", [*PAGES, COMMAND])
def test_a_wrong_method_is_told_the_right_ones(product: Product, method: str, path: str) -> None:
    answer = send(product, request(product, method, path))
    assert (answer.status, answer.headers["content-type"]) == (405, "application/problem+json; charset=utf-8")
    assert answer.headers["allow"] in {"GET, HEAD", "POST", "GET, HEAD, POST"}


@pytest.mark.parametrize("path", PAGES)
def test_the_head_of_every_address_is_that_of_its_answer(product: Product, path: str) -> None:
    answer = send(product, request(product, "HEAD", path))
    assert (answer.status, answer.body) == (200, b"")
    if path != "/v1/stream":
        assert answer.headers["content-type"] == send(product, request(product, "GET", path)).headers["content-type"]


@pytest.mark.parametrize(
    ("path", "methods"), [("/", "GET, HEAD, OPTIONS"), (COMMAND, "OPTIONS, POST"), ("/connexion", "GET, HEAD, OPTIONS, POST")]
)
def test_options_lists_the_methods(product: Product, path: str, methods: str) -> None:
    answer = send(product, request(product, "OPTIONS", path))
    assert (answer.status, answer.headers["allow"]) == (204, methods)


ODD_PATHS = {
    "nul": "/parcours/%00",
    "newline": "/parcours/a%0Ab",
    "not utf-8": "/parcours/%FF%FE",
    "a surrogate": "/parcours/%ED%A0%80",
    "a bad percent": "/parcours/%zz",
    "dots": "/parcours/../../etc/passwd",
    "encoded dots": "/page/..%2f..%2fsettings.py",
    "a long name": "/parcours/" + "x" * 7_000,
    "a long position": "/evenement/" + "9" * 5_000,
    "other digits": "/evenement/%D9%A3",
    "a negative position": "/evenement/-1",
    "a large position": "/evenement/" + "9" * 19,
    "no quarter": "/coter/alencon/20%D9%A2%D9%A4-Q1",
    "no territory": "/coter/%00/2024-Q2",
    "no indicator": "/coter/alencon/2024-Q2/%00",
    "no command": "/v1/commands/%00",
    "no form": "/saisie/%F0%9F%98%80",
    "evidence": "/v1/indicators/" + "x" * 5_000 + "/evidence?quarter=2024-Q2",
    "markup": "/<script>alert(1)</script>",
    "an odd query": "/v1/events?%00=%FF&&=&after",
    "an absolute address": "http://elsewhere.example/v1/events",
    "a star": "*",
}


@pytest.mark.parametrize("path", ODD_PATHS.values(), ids=ODD_PATHS)
@pytest.mark.parametrize("accept", ["text/html", "application/json", "q=;;,*"])
def test_an_odd_address_is_a_problem(product: Product, path: str, accept: str) -> None:
    answer = send(product, request(product, "GET", path, Accept=accept))
    expected = {200, 400, 404, 405, 409} if path.startswith("http") else {400, 404, 405, 409}
    assert answer.status in expected, answer
    assert b"<script>alert" not in answer.body


@pytest.mark.parametrize("path", ["/" + "x" * 20_000, "/v1/events?after=" + "9" * 20_000])
def test_an_address_that_is_too_long_is_a_problem(product: Product, path: str) -> None:
    assert send(product, request(product, "GET", path)).status == 414


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": "parcours_session=" + "x" * 4_000},
        {"Cookie": "parcours_session=\x7f\xff; parcours_session; =;;"},
        {"Cookie": "parcours_session=a.b.c; parcours_session=..,"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer " + "é" * 10},
        {"Authorization": "Bearer a.b.c d"},
        {"Authorization": "Basic Og=="},
        {"Authorization": " "},
    ],
)
def test_a_session_of_garbage_is_nobody(product: Product, headers: dict[str, str]) -> None:
    asked = {"Authorization": "", **headers}
    bare = request(product, "GET", "/v1/events", **asked)
    bare = bare.replace(b"Authorization: \r\n", b"") if "Cookie" in headers else bare
    answer = send(product, bare)
    assert answer.status == 401
    assert "www-authenticate" in answer.headers


@pytest.mark.parametrize("host", ["[::1", "::1", "a b", "é.example", "x" * 300, "", "127.0.0.1:port", "../", "%00"])
def test_an_odd_host_is_no_name_of_this_machine(product: Product, host: str) -> None:
    login = json.dumps({"actor": "a", "role": "coach", "territories": []}).encode()
    for answer in (
        send(product, request(product, "POST", "/v1/session", login, Host=host)),
        send(product, request(product, "GET", "/connexion", Host=host)),
    ):
        assert answer.status < 500
    assert send(product, request(product, "POST", "/v1/session", login, Host=host)).status in {400, 403}


@pytest.mark.parametrize("last", ["-1", "hier", "1e3", "9" * 5_000, "0x10", "\xb2", "1 2"])
def test_an_odd_last_event_id_is_unreadable(product: Product, last: str) -> None:
    answer = send(product, request(product, "GET", "/v1/stream", Last_Event_ID=last))
    assert (answer.status, json.loads(answer.body)["code"]) == (400, "unreadable")


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "multipart/form-data; boundary=x", "application/json", ";;;"])
@pytest.mark.parametrize("path", ["/saisie/IdentifyPerson", "/connexion"])
def test_an_odd_form_is_shown_again(product: Product, path: str, kind: str) -> None:
    for body in (
        b"",
        b"id=%FF&person=%00",
        b"\xff\xfe",
        b"--x\r\nContent-Disposition: form-data; name=id\r\n\r\n1\r\n--x--",
        b"=&&;" * 5_000,
    ):
        asked = {"Content_Type": kind, "Accept": "text/html", "Origin": product.url}
        answer = send(product, request(product, "POST", path, body, **asked))
        assert 400 <= answer.status < 500, (body, answer)
