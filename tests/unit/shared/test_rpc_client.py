"""Calls to services: a request that cannot leave leaves nothing behind."""

from types import SimpleNamespace

import pytest

from shared.bus.nameko.rpc_client import SIGNER, RpcClient
from shared.errors import Unavailable
from tests.harness.identities import signer


def client(uri: str) -> RpcClient:
    config = {"AMQP_URI": uri, SIGNER: signer()}
    return RpcClient(SimpleNamespace(config=config, service_name="gateway"), timeout=5)


def test_the_reply_of_a_request_that_could_not_leave_is_not_waited_for() -> None:
    rpc = client("amqp://127.0.0.1:1/")
    for _ in range(3):
        with pytest.raises(Unavailable, match="the broker is away"):
            rpc.call("intake", "health")
    assert rpc.pending == {}
