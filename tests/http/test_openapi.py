"""What /openapi.json says is so: requests made from it, for every operation, by every role, against the running product.

schemathesis draws the requests, valid ones and broken ones. Each answer has a status, a content type and a shape that the document names,
and none is a 5xx. The requests of a run are always the same.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

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
ROLES = (*LOGIN_ROLES, "nobody")


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
EXAMPLES = 2  # for each operation, role and mode; the first one is the plainest
LONG_EXAMPLES = 60
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


def faults_of(product: Product, role: str, examples: int) -> list[str]:
    """What is untrue of the answers to one role."""
    schema = schemathesis.openapi.from_url(f"{product.url}/openapi.json")
    headers = {} if role == "nobody" else {"Authorization": f"Bearer {product.token(role, territories=TERRITORIES)}"}
    faults: list[str] = []
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        for mode in GenerationMode if may_be_wrong(operation) else [GenerationMode.POSITIVE]:
            try:
                drawn(operation, mode, headers, examples, len(role))()
            except (FailureGroup, AssertionError) as failure:
                causes = "".join(map(str, getattr(failure, "exceptions", ())))
                faults.append(f"{operation.label} ({mode.value}): {failure} {causes}"[:MAX_SHOWN])
    return faults


def may_be_wrong(operation: Any) -> bool:
    """Whether a request may differ from what is described. Any text is a batch, and a text in a path is only unknown."""
    return operation.path != BATCH and bool(operation.query or operation.body)


def drawn(operation: Any, mode: GenerationMode, headers: dict[str, str], examples: int, start: int) -> Any:
    """A function that sends requests of an operation and checks the answers. Each `start` draws others."""

    @seed(start)
    @settings(max_examples=examples, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        if operation.path == STREAM:
            check_stream(case, headers)
        else:
            case.call_and_validate(headers=headers, checks=CHECKS, timeout=TIMEOUT_S)

    return check


def check_stream(case: Any, headers: dict[str, str]) -> None:
    request = case.as_transport_kwargs(headers=headers)
    url = httpx.URL(request["url"], params=request.get("params"))
    with suppress(httpx.LocalProtocolError), httpx.stream("GET", url, headers=request["headers"], timeout=TIMEOUT_S) as answer:
        content = case.operation.definition.raw["responses"][str(answer.status_code)]["content"]
        assert answer.headers["Content-Type"].partition(";")[0] in content


@pytest.mark.parametrize("role", ROLES)
def test_the_description_is_true_for_every_role(peopled: Product, role: str) -> None:
    assert faults_of(peopled, role, EXAMPLES) == []


@pytest.mark.long
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("role", ROLES)
def test_the_description_is_true_of_many_requests(peopled: Product, role: str) -> None:
    assert faults_of(peopled, role, LONG_EXAMPLES) == []
