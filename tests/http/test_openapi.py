"""What /openapi.json says is so: requests made from it, for every operation, by every role, against the running product.

schemathesis draws the requests, valid ones and broken ones. That takes longer than to answer them, so everybody sends each of them. Each
answer has a status, a content type and a shape that the document names, and none is a 5xx. The requests of a run are always the same.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.gateway.login import LOGIN_ROLES
from tests.processes import Product, eventually, in_one_process

URI_TOO_LONG = 414


def refused(context: Any, response: Any, case: Any) -> bool | None:
    """What violates the description is refused; one whose address is too long is refused before it is read."""
    return None if response.status_code == URI_TOO_LONG else negative_data_rejection(context, response, case)


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    refused,
]
PARTS = 4  # of the operations
EXAMPLES = 3  # for each operation, role and mode; the first one is the plainest
LONG_EXAMPLES = 60
KEY = "Idempotency-Key"
PERSONS = 20
TERRITORIES = ("alencon",)
BATCH = "/v1/commands"
STREAM = "/v1/stream"  # has no end: its answer is read up to the headers
TIMEOUT_S = 60  # a machine may be busy; what never comes is found all the same
MAX_SHOWN = 1_000  # characters of a fault


@schemathesis.serializer("application/x-ndjson")
def lines(context: Any, value: Any) -> bytes:
    """Lines of JSON or of anything, as schemathesis draws them."""
    return str(value).encode("utf-8", "replace")


@pytest.fixture(scope="module")
def peopled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product with something to answer: a short history, counted.

    Everybody enters first. One of the requests that are drawn may look as if it came through a proxy: then the development login closes.
    """
    folder = tmp_path_factory.mktemp("peopled")
    load_history(folder)
    with in_one_process(folder) as product:
        eventually(lambda: facts(product), "the figures", 60)
        for role in LOGIN_ROLES:
            product.token(role, territories=TERRITORIES)
        yield product


def load_history(folder: Path) -> None:
    tool = Product(folder, {}).tool
    (folder / "history.ndjson").write_text(tool("generate", "--persons", str(PERSONS), "--seed", "1").stdout)
    assert tool("load", str(folder / "history.ndjson")).returncode == 0


def facts(product: Product) -> bool:
    page = product.get("/v1/indicators", role="auditor", quarter="2024-Q2").json()
    return bool(page["indicators"]["people_met"]["value"])


def faults_of(product: Product, part: int, examples: int) -> list[str]:
    """What is untrue of the answers to anybody about a part of the operations."""
    schema = schemathesis.openapi.from_url(f"{product.url}/openapi.json")
    schema.config.generation.update(with_security_parameters=False)  # who asks is no part of what may be wrong: every role has its own
    tokens = {role: product.token(role, territories=TERRITORIES) for role in LOGIN_ROLES}
    headers = {role: {"Authorization": f"Bearer {token}"} for role, token in tokens.items()} | {"nobody": {}}
    faults: list[str] = []
    for result in islice(schema.get_all_operations(), part, None, PARTS):
        assert isinstance(result, Ok), result
        operation = result.ok()
        for mode in GenerationMode if may_be_wrong(operation) else [GenerationMode.POSITIVE]:
            try:
                drawn(operation, mode, headers, examples)()
            except AssertionError as failure:
                faults.append(f"{operation.label} ({mode.value}): {failure}"[:MAX_SHOWN])
    return faults


def may_be_wrong(operation: Any) -> bool:
    """Whether a request may differ from what is described. Any text is a batch, and a text in a path is only unknown."""
    return operation.path != BATCH and bool(operation.query or operation.body)


def drawn(operation: Any, mode: GenerationMode, headers: Mapping[str, dict[str, str]], examples: int) -> Any:
    """A function that sends requests of an operation and checks the answers: each request by every role, another one first each time."""
    turns = cycle(range(len(headers)))

    @seed(examples)
    @settings(max_examples=examples, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        first, roles = next(turns), list(headers)
        for role in roles[first:] + roles[:first]:
            try:
                if operation.path == STREAM:
                    check_stream(case, headers[role])
                else:
                    own = headers[role] | own_key(case, role)
                    case.call_and_validate(headers=own, checks=CHECKS, timeout=TIMEOUT_S)
            except (FailureGroup, AssertionError) as failure:
                causes = "".join(map(str, getattr(failure, "exceptions", ())))
                raise AssertionError(f"{role}: {failure} {causes}") from failure

    return check


def own_key(case: Any, role: str) -> dict[str, str]:
    """A valid id of a command, made another one for each role: one of somebody else is refused before anything else is looked at."""
    key = (case.headers or {}).get(KEY, "")
    with suppress(ValueError):
        if str(UUID(key)) == key:
            return {KEY: str(uuid5(UUID(key), role))}
    return {}


def check_stream(case: Any, headers: dict[str, str]) -> None:
    request = case.as_transport_kwargs(headers=headers)
    url = httpx.URL(request["url"], params=request.get("params"))
    with suppress(httpx.LocalProtocolError), httpx.stream("GET", url, headers=request["headers"], timeout=TIMEOUT_S) as answer:
        content = case.operation.definition.raw["responses"][str(answer.status_code)]["content"]
        assert answer.headers["Content-Type"].partition(";")[0] in content


@pytest.mark.parametrize("part", range(PARTS))
def test_the_description_is_true_for_every_role(peopled: Product, part: int) -> None:
    assert faults_of(peopled, part, EXAMPLES) == []


@pytest.mark.long
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_description_is_true_of_many_requests(peopled: Product, part: int) -> None:
    assert faults_of(peopled, part, LONG_EXAMPLES) == []
